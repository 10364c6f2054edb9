//! The server of the demo, inside this process, on any free ports of this machine.

use std::future::Future;
use std::net::SocketAddr;

use streamflow_engine::Engine;
use tokio::runtime::Runtime;

use super::project::Project;
use crate::client::Client;
use crate::commands::engine_options::engine_options;
use crate::commands::{Session, server_options, session};
use crate::printer::CommandError;
use crate::server::{Role, RunningServer, Server};

/// Threads of the server; a demo shares its machine with whoever watches.
const THREADS: usize = 2;

/// A server that serves.
pub(super) struct Running {
    runtime: Runtime,
    server: RunningServer,
    engine: Engine,
    client: Client,
}

impl Running {
    pub(super) fn start(project: &Project, session: &Session) -> Result<Self, CommandError> {
        session::install_tls();
        let mut settings = session.settings_of(project.dir())?;
        for role in Role::ALL {
            settings.set_from_flag(server_options::port_key(role), "0", "--port-base")?;
        }
        // A demo is for this machine, whatever the environment says of servers.
        settings.set_from_flag("server.host", "127.0.0.1", "--host")?;
        settings.set_from_flag("storage.path", "data", "--data")?;
        let data_dir = project.dir().join("data");
        let options = server_options::server_options(&settings)?;
        let engine = Engine::open(engine_options(&settings, data_dir, project.dir())?, session.clock())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("demo")
            .enable_all()
            .build()
            .map_err(|error| CommandError::bug(format!("cannot start the runtime: {error}")))?;
        let token = settings.secret("server.token").cloned();
        let server = runtime.block_on(Server::start(engine.clone(), options))?;
        let address = server.address(Role::Gateway).ok_or_else(|| CommandError::bug("the demo has no gateway"))?;
        let url = format!("http://{address}");
        engine.set_address(&url).map_err(|error| CommandError::bug(format!("cannot write LOCK: {error}")))?;
        let client = Client::http(&url, token.as_ref().map(crate::settings::Secret::reveal))?;
        Ok(Self { runtime, server, engine, client })
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn address(&self, role: Role) -> Option<SocketAddr> {
        self.server.address(role)
    }

    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let _entered = self.runtime.enter();
        drop(crate::telemetry::task::spawn("traffic", future));
    }

    /// Ends everything at once: there is nothing to keep.
    pub(super) fn stop(self) {
        self.runtime.shutdown_background();
        self.engine.close();
    }
}
