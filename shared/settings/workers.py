"""Settings of the workers."""

from pathlib import Path

from shared.settings.kinds import as_integer, as_named_folders, as_names, as_text
from shared.settings.setting import Setting

WORKERS = (
    # --- intake
    Setting("FAULTLINE_INTAKE_CONCURRENCY", as_integer(1, 64), "1", "Processes of the intake worker."),
    Setting(
        "FAULTLINE_INTAKE_MAPPING_FILE",
        Path,
        None,
        "JSON file with the paths of the generic mapping; without it, defaults.",
    ),
    # --- graph
    Setting("FAULTLINE_GRAPH_CONCURRENCY", as_integer(1, 16), "1", "Processes of the graph worker."),
    Setting(
        "FAULTLINE_GRAPH_CLUSTER_NAME",
        as_text,
        "in-cluster",
        "What the cluster is called that the graph worker runs in, where it has no kubeconfig: as alerts name it, "
        "and another name for each cluster.",
    ),
    Setting(
        "FAULTLINE_GRAPH_KUBECONFIG",
        Path,
        None,
        "Kubeconfig whose contexts can be diagnosed; without it, the one kubectl would use.",
    ),
    Setting(
        "FAULTLINE_GRAPH_SNAPSHOTS",
        as_named_folders,
        "",
        "Snapshots that can be diagnosed like contexts: `name=folder,name=folder`.",
    ),
    # --- actions
    Setting("FAULTLINE_ACTIONS_CONCURRENCY", as_integer(1, 16), "1", "Processes of the actions worker."),
    Setting(
        "FAULTLINE_ACTIONS_CLUSTER_NAME",
        as_text,
        "in-cluster",
        "What the cluster is called that the actions worker runs in, where it has no kubeconfig; as for graph.",
    ),
    Setting(
        "FAULTLINE_ACTIONS_COMMANDS",
        Path,
        None,
        "TOML file with the commands that may be run; without it, none is.",
    ),
    Setting(
        "FAULTLINE_ACTIONS_CONTEXTS",
        as_names,
        "",
        "Contexts that may be changed: `name,name`; without it, all of the kubeconfig.",
    ),
    Setting(
        "FAULTLINE_ACTIONS_KUBECONFIG",
        Path,
        None,
        "Kubeconfig whose contexts may be changed; without it, the cluster of its pod, and outside of one none.",
    ),
)
