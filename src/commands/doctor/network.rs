//! Looks at the ports that a server would take, and asks the server that commands talk to.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use super::Finding;
use crate::api::Success;
use crate::api::state::Status;
use crate::client::Request;
use crate::commands::{Session, local, remote, server_options};
use crate::printer::CommandError;
use crate::server::Role;
use crate::settings::Settings;

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// A port that is taken is as it should be when this folder's server has it.
pub(super) fn ports(settings: &Settings, data_dir: &Path) -> Vec<Finding> {
    if let Some(server) = local::running(data_dir) {
        return vec![Finding::ok("ports", format!("process {} serves this folder at {}", server.pid, server.address))];
    }
    let host = settings.text("server.host").unwrap_or("127.0.0.1");
    let Ok(host) = host.replace("localhost", "127.0.0.1").parse::<IpAddr>() else {
        return vec![Finding::failed(
            "ports",
            format!("server.host {host:?} is no IP address"),
            "write 127.0.0.1 or 0.0.0.0",
        )];
    };
    let roles = match server_options::roles(settings) {
        Ok(roles) => roles,
        Err(error) => return vec![Finding::failed("ports", error.message, error.hint.unwrap_or_default())],
    };
    let taken: Vec<Finding> = roles.into_iter().filter_map(|role| taken(settings, host, role)).collect();
    if taken.is_empty() { vec![Finding::ok("ports", "all are free")] } else { taken }
}

fn taken(settings: &Settings, host: IpAddr, role: Role) -> Option<Finding> {
    let key = server_options::port_key(role);
    let address = SocketAddr::new(host, settings.port(key));
    let error = TcpListener::bind(address).err()?;
    let hint = format!("stop what has it, set {key}, or start with --port-base 9000");
    Some(Finding::failed("ports", format!("{address} ({}) cannot be taken: {error}", role.as_str()), hint))
}

pub(super) fn server(session: &Session) -> Finding {
    let target = match session.target() {
        Ok(target) => target,
        Err(error) => return failed(&error),
    };
    let is_local = target.data_dir.as_deref();
    if is_local.is_some_and(|dir| local::running(dir).is_none()) {
        return Finding::warning("server", "none runs on this folder", "start it with `streamflow start`");
    }
    let asked = remote::quiet(&target).map_err(CommandError::from);
    let answered = asked.and_then(|client| {
        session.block_on(async move {
            let answer = client.send(Request::get("/api/v1/status").within(PATIENCE)).await?;
            Ok(answer.json::<Success<Status>>().await?.data.version)
        })
    });
    match answered {
        Ok(version) if version != env!("CARGO_PKG_VERSION") => Finding::warning(
            "server",
            format!(
                "{} at {} has version {version}, this program {}",
                target.name,
                target.url,
                env!("CARGO_PKG_VERSION")
            ),
            "use the same version on both sides",
        ),
        Ok(_) => Finding::ok("server", format!("{} answers at {}", target.name, target.url)),
        Err(error) => failed(&error),
    }
}

fn failed(error: &CommandError) -> Finding {
    let hint = error.hint.clone().unwrap_or_else(|| format!("see `streamflow errors {}`", error.code));
    Finding::failed("server", error.message.clone(), hint)
}
