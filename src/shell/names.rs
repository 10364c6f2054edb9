//! The names that shells get for kubectl, and what each stands for. Every script is written from this table.

/// A short name for a call of kubectl.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    pub name: &'static str,
    /// What follows `kubectl`.
    pub words: &'static [&'static str],
}

/// A name for more than one call, or for a call that needs its arguments arranged.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    /// Its arguments, as help writes them.
    pub usage: &'static str,
    pub about: &'static str,
    /// What follows `kubectl` in the call whose arguments these are like.
    pub completes_as: &'static [&'static str],
}

const fn alias(name: &'static str, words: &'static [&'static str]) -> Alias {
    Alias { name, words }
}

#[rustfmt::skip]
pub const ALIASES: [Alias; 18] = [
    alias("k", &[]),
    alias("kgp", &["get", "pods"]),
    alias("kgs", &["get", "services"]),
    alias("kgd", &["get", "deployments"]),
    alias("kga", &["get", "all"]),
    alias("kl", &["logs"]),
    alias("klf", &["logs", "-f"]),
    alias("ke", &["exec", "-it"]),
    alias("kpf", &["port-forward"]),
    alias("kdp", &["describe", "pod"]),
    alias("kds", &["describe", "service"]),
    alias("kdd", &["describe", "deployment"]),
    alias("ksf", &["get", "pods", "-l", "streamflow.io/managed=true"]),
    alias("ksfl", &["logs", "-l", "streamflow.io/managed=true"]),
    alias("ksfm", &["get", "pods", "-l", "streamflow.io/component=microservice"]),
    alias("kwh", &["get", "mutatingwebhookconfigurations"]),
    alias("kwhd", &["describe", "mutatingwebhookconfigurations", "streamflow-webhook"]),
    alias("kwhl", &["logs", "-n", "streamflow-webhook", "-l", "app=streamflow-webhook"]),
];

pub const FUNCTIONS: [Function; 9] = [
    Function {
        name: "kns",
        usage: "[NAME|-]",
        about: "list namespaces, or use one from now on; - is the one before",
        completes_as: &["get", "namespaces"],
    },
    Function {
        name: "kctx",
        usage: "[NAME|-]",
        about: "list contexts, or use one from now on; - is the one before",
        completes_as: &["config", "use-context"],
    },
    Function {
        name: "kwait",
        usage: "KIND/NAME [CONDITION] [OPTION…]",
        about: "wait until it is ready, available or complete, whichever its kind has",
        completes_as: &["wait"],
    },
    Function {
        name: "kscale",
        usage: "DEPLOYMENT REPLICAS [OPTION…]",
        about: "run so many replicas",
        completes_as: &["scale", "deployment"],
    },
    Function {
        name: "krollout",
        usage: "DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION…]",
        about: "follow a rollout, or act on it",
        completes_as: &["rollout", "status", "deployment"],
    },
    Function {
        name: "kstatus",
        usage: "[OPTION…]",
        about: "say which cluster and namespace this is, and what runs there",
        completes_as: &["get", "all"],
    },
    Function {
        name: "ksf-pods",
        usage: "[OPTION…]",
        about: "list the pods that streamflow manages, with their nodes",
        completes_as: &["get", "pods"],
    },
    Function {
        name: "ksf-logs",
        usage: "[OPTION…]",
        about: "print the logs of all of them, each line with its pod",
        completes_as: &["logs"],
    },
    Function {
        name: "ksf-restart",
        usage: "[-y] [OPTION…]",
        about: "restart the deployments that streamflow manages, after showing them and asking",
        completes_as: &["rollout", "restart", "deployment"],
    },
];

impl Alias {
    /// Returns the whole call as one text. No word of the table needs quoting in any shell.
    #[must_use]
    pub fn call(&self) -> String {
        std::iter::once("kubectl").chain(self.words.iter().copied()).collect::<Vec<_>>().join(" ")
    }
}

impl Function {
    /// Returns the name as a shell that takes no dashes in names has it.
    #[must_use]
    pub fn identifier(&self) -> String {
        self.name.replace('-', "_")
    }
}
