"""The policy that is shipped only reads, and shows no Secret."""

from pathlib import Path

import pytest

from services.actions.domain.commands.file import parse_policy
from services.actions.domain.commands.judge import judge
from services.actions.domain.commands.policy import Allowed, Refused

FILE = Path(__file__).parents[4] / "deploy/commands.toml"
POLICY = parse_policy(FILE.read_text(), "commands.toml", lambda name, path: f"/usr/bin/{name}")
K = "--context prod -n shop"
H = "--kube-context prod -n shop"

ALLOWED = [
    f"kubectl get pods {K}",
    f"kubectl get po,deploy,svc {K} -o wide",
    f"kubectl get deployments.apps/checkout {K} -o yaml",
    f"kubectl get pods {K} -l app=checkout,tier!=db --field-selector status.phase=Running",
    f"kubectl get events {K} --sort-by=.lastTimestamp",
    "kubectl get pods --context arn:aws:eks:eu-1:1:cluster/prod -A".replace("arn:aws:eks:eu-1:1:cluster/prod", "prod"),
    "kubectl get nodes --context prod",
    "kubectl get node/a node/b --context=prod -o json",
    f"kubectl describe pod checkout-1 {K}",
    "kubectl describe node a --context prod",
    f"kubectl logs checkout-1 {K} --tail 100 --previous -c app --timestamps",
    f"kubectl logs deploy/checkout {K} --since=1h --all-containers",
    f"kubectl logs {K} -l app=checkout --prefix",
    f"kubectl top pods {K} --containers",
    "kubectl top nodes --context prod",
    f"kubectl rollout status deployment/checkout {K} --watch=false",
    f"kubectl rollout history deploy checkout {K} --revision 3",
    f"kubectl auth can-i get secrets {K}",
    f"kubectl auth can-i --list {K}",
    "kubectl explain pod.spec.containers --context prod",
    "kubectl version --context prod -o json",
    "kubectl api-resources --context prod --namespaced=true -o name",
    "helm list --kube-context prod -A -o json",
    f"helm status checkout {H}",
    f"helm history checkout {H} --max 5",
    f"helm get values checkout {H} -o yaml",
    f"helm get manifest checkout {H} --revision 3",
]
# After `get` and a kind, or instead of it.
SECRETS = [
    "secret",
    "secrets",
    "secret/db",
    "secrets/db",
    "Secret",
    "SECRETS",
    "secrets.v1.",
    "secret.v1.core",
    "secrets.v1./db",
    "po,secret",
    "secret,po",
    "po,Secrets.v1.",
    "pod/a secret/db",
    "secrets db",
    "all,secret",
    "all",
    "cm",
    "configmaps",
    "configmap/a",
    "sealedsecrets",
    "externalsecrets.external-secrets.io",
    "secretproviderclasses",
]
REFUSED = [
    *(f"kubectl get {spelt} {K}" for spelt in SECRETS),
    *(f"kubectl get {spelt} {K} -o yaml" for spelt in SECRETS),
    *(f"kubectl describe {spelt} {K}" for spelt in SECRETS),
    *(f"kubectl get nodes {spelt} --context prod" for spelt in ["secret/db", "secrets.v1./db"]),
    *(
        f"kubectl {word} deploy/checkout {K}"
        for word in [
            "delete",
            "apply",
            "patch",
            "scale",
            "edit",
            "exec",
            "cp",
            "port-forward",
            "proxy",
            "attach",
            "debug",
            "run",
            "drain",
            "cordon",
            "create",
            "replace",
            "label",
            "annotate",
            "expose",
            "set image",
            "rollout restart",
            "rollout undo",
            "rollout pause",
            "auth reconcile",
            "config view",
            "cluster-info dump",
            "certificate approve",
            "plugin list",
            "krew install",
            "events",
            "wait",
            "diff",
            "kustomize",
            "auth whoami",
            "alpha",
            "taint",
            "top",
            "rollout",
            "auth",
            "help",
            "options",
            "completion bash",
        ]
    ),
    *(
        f"kubectl get pods {K} {flags}"
        for flags in [
            "--kubeconfig /tmp/x",
            "--kubeconfig=/tmp/x",
            "--token x",
            "--token=x",
            "--as admin",
            "--as-group=system:masters",
            "--as-uid=0",
            "--user x",
            "--username x",
            "--password x",
            "--server https://evil",
            "-s https://evil",
            "--cluster x",
            "--insecure-skip-tls-verify",
            "--client-key /x",
            "--client-certificate=/x",
            "--certificate-authority /x",
            "--cache-dir=/x",
            "--profile=cpu",
            "--profile-output=/x",
            "--raw /api/v1/secrets",
            "--raw=/api",
            "-f /etc/shadow",
            "-f=-",
            "--filename=/x",
            "-k /x",
            "--kustomize=/x",
            "-R",
            "-w",
            "--watch",
            "--watch-only",
            "-o jsonpath={.data}",
            "-o=jsonpath-file=/x",
            "-o go-template={{.}}",
            "-o custom-columns=A:.a",
            "-o templatefile=/x",
            "--template={{.}}",
            "-v=9",
            "-v 9",
            "--v=9",
            "--vmodule=a=9",
            "-ojson",
            "-Aowide",
            "--output",
            "-A",
            "-n other",
            "--context other",
            "--show-managed-fields",
            "--subresource=token",
            "--tls-server-name=x",
            "--request-timeout=x",
        ]
    ),
    *(
        f"kubectl logs checkout-1 {K} {flags}"
        for flags in [
            "-f",
            "--follow",
            "--follow=true",
            "-fp",
            "--insecure-skip-tls-verify-backend",
            "--tail=-1",
            "--ignore-errors",
        ]
    ),
    "kubectl get pods -n shop",
    "kubectl get pods --context prod",
    "kubectl get pods --context=prod --namespace=",
    "kubectl get pods --context= -n shop",
    "kubectl get nodes --context prod -n shop",
    "kubectl --context prod -n shop get pods",
    "kubectl -n shop --context prod get secrets",
    f"kubectl get -- secrets {K}",
    f"kubectl get pods {K} -- secrets",
    "kubectl explain secret --context prod -n shop",
    f"kubectl rollout status deploy/checkout {K} --watch false",
    f"kubectl auth can-i --as=x get pods {K}",
    *(
        f"helm {word} checkout {H}"
        for word in [
            "install",
            "upgrade",
            "rollback",
            "uninstall",
            "get all",
            "get hooks",
            "get notes",
            "get metadata",
            "test",
            "template",
            "show",
            "pull",
            "plugin install",
        ]
    ),
    f"helm status checkout {H} -o json",
    f"helm list {H} -f x",
    f"helm get values checkout {H} --template x",
    f"helm get values checkout {H} --post-renderer x",
    f"helm get values checkout {H} --kubeconfig x",
    "helm get values checkout -n shop",
    "kubectl-evil get pods --context prod -n shop",
    "sh -c ls",
    "env kubectl get pods --context prod -n shop",
]


@pytest.mark.parametrize("line", ALLOWED)
def test_reading_is_allowed(line):
    verdict = judge(POLICY, line.split(), "prod")

    assert isinstance(verdict, Allowed), verdict
    assert verdict.env == ("KUBECONFIG",)


@pytest.mark.parametrize("line", REFUSED)
def test_everything_else_is_refused(line):
    assert isinstance(judge(POLICY, line.split(), "prod"), Refused)


@pytest.mark.parametrize("spelt", ["secret", "SECRETS/a", "po,Secret", "secrets.v1.", "pods secret/x"])
def test_secrets_are_refused_for_what_they_are_whatever_the_patterns_allow(spelt):
    text = FILE.read_text().replace("kind = '(po|", "kind = '([A-Za-z.,/]+|")
    loose = parse_policy(text, "commands.toml", lambda name, path: f"/usr/bin/{name}")

    verdict = judge(loose, f"kubectl get {spelt} {K}".split(), "prod")

    assert isinstance(verdict, Refused)
    assert verdict.code == "secrets_not_allowed"


@pytest.mark.parametrize(
    ("flag", "word"), [("--kubeconfig", "configuration"), ("--as-group", "impersonated"), ("-f", "files")]
)
def test_a_refusal_says_what_to_do_instead(flag, word):
    verdict = judge(POLICY, f"kubectl get pods {K} {flag} x".split(), "prod")

    assert isinstance(verdict, Refused)
    assert flag in verdict.reason
    assert word in verdict.hint
