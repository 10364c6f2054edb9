//! Codes that a command ends with on its own, without an answer from a server.

use super::ErrorCode;

pub(super) const CODES: [ErrorCode; 14] = [
    ErrorCode {
        code: "cannot_connect",
        status: 0,
        exit: 3,
        summary: "the server cannot be reached",
        explanation: "Nothing answered at the address of the current context. The server is not running, listens \
                      elsewhere, or something between blocks the way. Reading commands can open a local project's data \
                      without a server; writing ones cannot.",
        hint: "start it with `streamflow start`, or see where you are pointed with `streamflow context show`",
    },
    ErrorCode {
        code: "config_invalid",
        status: 0,
        exit: 2,
        summary: "the configuration is wrong",
        explanation: "A setting has an unknown name or a value that it cannot have. The message names the file, line and \
                      column, or the environment variable. Nothing was started with settings that were half understood.",
        hint: "check everything with `streamflow config check`",
    },
    ErrorCode {
        code: "usage",
        status: 0,
        exit: 2,
        summary: "the command was called in a way that it does not understand",
        explanation: "An argument is missing, unknown, or has the wrong form. The message names it and, where one is \
                      close, the word that was probably meant.",
        hint: "see `streamflow COMMAND --help`",
    },
    ErrorCode {
        code: "context_not_found",
        status: 0,
        exit: 2,
        summary: "there is no context of this name",
        explanation: "A context says which server a command talks to. The name came from --context, STREAMFLOW_CONTEXT or \
                      the stored choice, and no such context has been added.",
        hint: "list them with `streamflow context list`, or add one with `streamflow context add`",
    },
    ErrorCode {
        code: "project_not_found",
        status: 0,
        exit: 2,
        summary: "there is no project here",
        explanation: "The command works on a project's folder, which is marked by its `config.yaml`. Neither this folder \
                      nor one above it has one.",
        hint: "make one with `streamflow init`, or go to the project's folder",
    },
    ErrorCode {
        code: "assertion_failed",
        status: 0,
        exit: 1,
        summary: "the answer is not the expected one",
        explanation: "The query ran, and its result does not meet the condition given with --expect. This is an answer, \
                      not a fault: pipelines use it to stop.",
        hint: "run the query without --expect to see its rows",
    },
    ErrorCode {
        code: "output_failed",
        status: 0,
        exit: 2,
        summary: "the output cannot be written",
        explanation: "What stdout goes to took no more: a full disk, a quota, or a device with a fault. What was written \
                      before is not the whole answer. A reader that left, as `head` does, is no failure.",
        hint: "make room, or send the output elsewhere",
    },
    ErrorCode {
        code: "timed_out",
        status: 0,
        exit: 124,
        summary: "the command waited as long as it was told to",
        explanation: "What the command waited for did not happen within --timeout. Nothing is known to be broken; it \
                      simply did not happen yet.",
        hint: "wait longer with --timeout, or look at `streamflow status`",
    },
    ErrorCode {
        code: "server_unhealthy",
        status: 0,
        exit: 10,
        summary: "the server answers, but is not well",
        explanation: "The server was reached and at least one of its parts reports a failure, such as a journal that \
                      cannot be written. The message names the part.",
        hint: "see `streamflow doctor` and `streamflow logs`",
    },
    ErrorCode {
        code: "data_in_use",
        status: 0,
        exit: 2,
        summary: "another process is using the data folder",
        explanation: "A data folder has one writer at a time, which holds its lock while it runs. The message names the \
                      process and its address.",
        hint: "talk to that server, or stop it first with `streamflow stop`",
    },
    ErrorCode {
        code: "cluster_unreachable",
        status: 0,
        exit: 3,
        summary: "the Kubernetes cluster cannot be reached",
        explanation: "The API server that the kubeconfig names did not answer, answered with a fault of its own, or not in \
                      the way of an API server. The network, the cluster or the kubeconfig's address is to blame.",
        hint: "see whether `kubectl get --raw /version` answers with the same kubeconfig",
    },
    ErrorCode {
        code: "cluster_forbidden",
        status: 0,
        exit: 4,
        summary: "the Kubernetes cluster does not let you do that",
        explanation: "The API server does not know you, or knows you and has no role for you that allows it. The message is \
                      the API server's own.",
        hint: "`kubectl auth can-i --list` tells what you may do",
    },
    ErrorCode {
        code: "cluster_not_found",
        status: 0,
        exit: 5,
        summary: "the Kubernetes cluster has no such object",
        explanation: "The API server knows no object of this name in this namespace, or not the kind of object. Older \
                      releases of Kubernetes lack newer kinds.",
        hint: "check the name, and the namespace with -n",
    },
    ErrorCode {
        code: "cluster_refused",
        status: 0,
        exit: 2,
        summary: "the Kubernetes cluster did not accept an object",
        explanation: "The API server found the object invalid, another admission webhook or policy denied it, or another \
                      tool manages one of its fields. The message is the API server's own. Nothing of it was kept.",
        hint: "change what the message names; a field of another tool is taken over with --take-over",
    },
];
