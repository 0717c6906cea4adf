"""One pod, and one list of commands, in every notation that covlint reads."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Pod = dict[str, Any]
Files = dict[str, str]

# -- pods ---------------------------------------------------------------------------------


def block(value: Any, depth: int = 0) -> str:
    """YAML in block style, without the first line's indentation."""
    pad = "  " * depth
    if isinstance(value, Mapping) and value:
        lines = []
        for key, item in value.items():
            nested = isinstance(item, (dict, list)) and bool(item)
            text = block(item, depth + 1)
            lines.append(f"{pad}{key}:\n{text}" if nested else f"{pad}{key}: {text}\n")
        return "".join(lines)
    if isinstance(value, list) and value:
        return "".join(
            f"{pad}- {block(item, depth + 1).lstrip() if isinstance(item, (dict, list)) else item}"
            + ("" if isinstance(item, (dict, list)) else "\n")
            for item in value
        )
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        plain = value.replace("/", "").replace("-", "").replace(":", "").isalnum()
        return value if plain and not value.isdigit() else json.dumps(value)
    return json.dumps(value)


def manifest(pod: Pod) -> Files:
    return {"e2e/pod.yaml": block(pod)}


def patch(pod: Pod) -> Files:
    """The base has the images; all else is the patch's."""
    spec = pod["spec"]
    bare = [{"name": one["name"], "image": one["image"]} for one in spec["containers"]]
    rest = [{k: v for k, v in one.items() if k != "image"} for one in spec["containers"]]
    return {
        "e2e/base.yaml": block({**pod, "spec": {"containers": bare}}),
        "e2e/patch.yaml": block({**pod, "spec": {**spec, "containers": rest}}),
        "e2e/kustomization.yaml": "resources: [base.yaml]\npatches: [{path: patch.yaml}]\n",
    }


def chart(pod: Pod) -> Files:
    labelled = {**pod, "metadata": {**pod["metadata"], "labels": {"release": "RELEASE"}}}
    return {
        "charts/e2e/Chart.yaml": "apiVersion: v2\nname: e2e\nversion: 1.0.0\n",
        "charts/e2e/values.yaml": "image: till:e2e\n",
        "charts/e2e/templates/pod.yaml": block(labelled).replace("RELEASE", "{{ .Release.Name }}"),
    }


_GO_TYPES = {
    "metadata": "metav1.ObjectMeta",
    "spec": "corev1.PodSpec",
    "containers": "corev1.Container",
    "env": "corev1.EnvVar",
    "volumeMounts": "corev1.VolumeMount",
    "volumes": "corev1.Volume",
    "hostPath": "&corev1.HostPathVolumeSource",
    "emptyDir": "&corev1.EmptyDirVolumeSource",
    "capabilities": "&corev1.Capabilities",
    "drop": "corev1.Capability",
    "command": "string",
}
_GO_CONSTANTS = {
    "DirectoryOrCreate": "ptr.To(corev1.HostPathDirectoryOrCreate)",
    "File": "ptr.To(corev1.HostPathFile)",
    "Always": "corev1.PullAlways",
}
_GO_POINTERS = {"readOnlyRootFilesystem", "runAsNonRoot"}


def _go(key: str, value: Any, owner: str = "") -> str:
    if key == "securityContext":
        kind = "&corev1.SecurityContext" if owner == "containers" else "&corev1.PodSecurityContext"
        return f"{kind}{{{_go_fields(value, key)}}}"
    if isinstance(value, Mapping):
        return f"{_GO_TYPES[key]}{{{_go_fields(value, key)}}}"
    if isinstance(value, list):
        items = [
            f"{{{_go_fields(one, key)}}}" if isinstance(one, Mapping) else json.dumps(one)
            for one in value
        ]
        return f"[]{_GO_TYPES[key]}{{{', '.join(items)}}}"
    if isinstance(value, bool):
        return f"ptr.To({str(value).lower()})" if key in _GO_POINTERS else str(value).lower()
    if isinstance(value, int):
        return f"ptr.To(int64({value}))"
    return _GO_CONSTANTS.get(value) or json.dumps(value)


def _go_fields(value: Mapping[str, Any], owner: str) -> str:
    parts = []
    for key, item in value.items():
        name = "ObjectMeta" if key == "metadata" else key[0].upper() + key[1:]
        text = _go(key, item, owner)
        if key in ("hostPath", "emptyDir"):
            name, text = "VolumeSource", f"corev1.VolumeSource{{{name}: {text}}}"
        parts.append(f"\n\t\t{name}: {text},")
    return "".join(parts) + "\n\t"


def go_literal(pod: Pod) -> Files:
    text = (
        'package e2e\n\nimport (\n\tcorev1 "k8s.io/api/core/v1"\n'
        '\tmetav1 "k8s.io/apimachinery/pkg/apis/meta/v1"\n\t"k8s.io/utils/ptr"\n)\n\n'
        "func pod() *corev1.Pod {\n\treturn &corev1.Pod{"
        + _go_fields({k: pod[k] for k in ("metadata", "spec")}, "")
        + "}\n}\n"
    )
    return {"e2e/pod.go": text}


def go_string(pod: Pod) -> Files:
    text = f"package e2e\n\nconst manifest = `{block(pod)}`\n"
    return {"e2e/manifest.go": text}


def python_dict(pod: Pod) -> Files:
    return {"e2e/conftest.py": f"POD = {_python(pod)}\n"}


def _python(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k!r}: {_python(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_python, value)) + "]"
    return repr(value)


_PYTHON_TYPES = {
    "metadata": "V1ObjectMeta",
    "spec": "V1PodSpec",
    "containers": "V1Container",
    "env": "V1EnvVar",
    "volumeMounts": "V1VolumeMount",
    "volumes": "V1Volume",
    "hostPath": "V1HostPathVolumeSource",
    "emptyDir": "V1EmptyDirVolumeSource",
    "capabilities": "V1Capabilities",
}


def _client(key: str, value: Any, owner: str) -> str:
    if isinstance(value, Mapping):
        kind = _PYTHON_TYPES.get(key) or (
            "V1SecurityContext" if owner == "containers" else "V1PodSecurityContext"
        )
        given = (f"{_snake(k)}={_client(k, v, key)}" for k, v in value.items())
        return f"client.{kind}({', '.join(given)})"
    if isinstance(value, list):
        return "[" + ", ".join(_client(key, one, owner) for one in value) + "]"
    return repr(value)


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def python_object(pod: Pod) -> Files:
    parts = (f"{key}={_client(key, pod[key], '')}" for key in ("metadata", "spec"))
    return {
        "e2e/conftest.py": "from kubernetes import client\n\n"
        f"POD = client.V1Pod({', '.join(parts)})\n"
    }


def compose(pod: Pod) -> Files:
    """The same as a compose service, as far as compose has it."""
    (one,) = pod["spec"]["containers"]
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
    service: dict[str, Any] = {"build": "..", "image": one["image"]}
    if "env" in one:
        service["environment"] = {item["name"]: item["value"] for item in one["env"]}
    mounted = []
    for mount in one.get("volumeMounts", []):
        if "emptyDir" in volumes[mount["name"]]:
            service["tmpfs"] = [mount["mountPath"]]
        else:
            mounted.append(f"./coverdata:{mount['mountPath']}" + ":ro" * mount.get("readOnly", 0))
    if mounted:
        service["volumes"] = mounted
    if "command" in one:
        service["entrypoint"] = one["command"]
    if "securityContext" in one and "runAsUser" in one["securityContext"]:
        service["user"] = str(one["securityContext"]["runAsUser"])
    if "terminationGracePeriodSeconds" in pod["spec"]:
        service["stop_grace_period"] = f"{pod['spec']['terminationGracePeriodSeconds']}s"
    return {"e2e/docker-compose.yml": block({"services": {"till": service}})}


PODS: Mapping[str, Callable[[Pod], Files]] = {
    "YAML": manifest,
    "kustomize": patch,
    "Helm": chart,
    "compose": compose,
    "Go literal": go_literal,
    "Go string": go_string,
    "Python object": python_object,
    "Python dict": python_dict,
}

# -- commands -----------------------------------------------------------------------------


def makefile(lines: Sequence[str]) -> Files:
    return {"Makefile": "e2e:\n" + "".join(f"\t{line}\n" for line in lines)}


def script(lines: Sequence[str]) -> Files:
    return {"e2e.sh": "#!/bin/sh\n" + "".join(f"{line}\n" for line in lines)}


def github(lines: Sequence[str]) -> Files:
    run = "".join(f"          {line}\n" for line in lines)
    head = "on: push\njobs:\n  e2e:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n"
    return {".github/workflows/e2e.yaml": head + run}


def gitlab(lines: Sequence[str]) -> Files:
    listed = "".join(f"    - |\n      {line}\n" for line in lines)
    return {".gitlab-ci.yml": "e2e:\n  image: golang:1.24\n  script:\n" + listed}


def program(line: str) -> tuple[list[str], dict[str, str], str]:
    """The words of a command, what is set for it, and where it runs."""
    directory = ""
    if line.startswith("cd "):
        head, _, line = line.partition(" && ")
        directory = head.removeprefix("cd ")
    words = shlex.split(line)
    environment = {}
    while "=" in words[0]:
        name, _, environment[name] = words.pop(0).partition("=")
    return words, environment, directory


def go_commands(lines: Sequence[str]) -> Files:
    text = 'package main\n\nimport "os/exec"\n\nconst directory = "coverdata"\n\nfunc e2e() {\n'
    for number, line in enumerate(lines):
        words, environment, directory = program(line)
        text += f"\tcmd{number} := exec.Command({', '.join(map(json.dumps, words))})\n"
        if directory:
            text += f"\tcmd{number}.Dir = {json.dumps(directory)}\n"
        if environment:
            pairs = ", ".join(json.dumps(f"{name}={value}") for name, value in environment.items())
            text += f"\tcmd{number}.Env = append(os.Environ(), {pairs})\n"
        text += f"\tcmd{number}.Run()\n"
    return {"suite_test.go": text + "}\n"}


def python_commands(lines: Sequence[str]) -> Files:
    text = "import subprocess\n\n\ndef test_e2e():\n"
    for line in lines:
        words, environment, directory = program(line)
        text += f"    subprocess.run({words!r}, check=True"
        if directory:
            text += f", cwd={directory!r}"
        if environment:
            pairs = ", ".join(f"{name!r}: {value!r}" for name, value in environment.items())
            text += f", env={{**os.environ, {pairs}}}"
        text += ")\n"
    return {"conftest.py": text}


def python_texts(lines: Sequence[str]) -> Files:
    calls = "".join(
        f'    subprocess.run(r"""{line}""", shell=True, check=True)\n' for line in lines
    )
    return {"conftest.py": "import subprocess\n\n\ndef test_e2e():\n" + calls}


def tiltfile(lines: Sequence[str]) -> Files:
    return {"Tiltfile": f"local_resource('e2e', cmd={' && '.join(lines)!r})\n"}


def tiltfile_list(lines: Sequence[str]) -> Files:
    text = ""
    for line in lines:
        words, environment, directory = program(line)
        text += f"local_resource('e2e', cmd={words!r}"
        text += f", env={environment!r}" if environment else ""
        text += f", dir={directory!r})\n" if directory else ")\n"
    return {"Tiltfile": text}


def dockerfile(lines: Sequence[str]) -> Files:
    runs = "".join(f"RUN {line}\n" for line in lines)
    return {"Dockerfile": f"FROM golang:1.24\nWORKDIR /src\nCOPY . .\n{runs}"}


COMMANDS: Mapping[str, Callable[[Sequence[str]], Files]] = {
    "Dockerfile": dockerfile,
    "Makefile": makefile,
    "script": script,
    "GitHub": github,
    "GitLab": gitlab,
    "Go command": go_commands,
    "Python command": python_commands,
    "Python text": python_texts,
    "Tiltfile": tiltfile,
    "Tiltfile list": tiltfile_list,
}
