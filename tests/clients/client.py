"""The official Python client against the cluster that KUBECONFIG names. Whatever does not hold is an exception."""

from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

config.load_kube_config()
core, apps, policy = client.CoreV1Api(), client.AppsV1Api(), client.PolicyV1Api()
HERE = "default"
LABELS = {"app": "web"}


def refused(call, *words, **named):
    """The status with which a call is refused."""
    try:
        call(*words, **named)
    except ApiException as refusal:
        return refusal.status, refusal.reason, refusal.body
    raise AssertionError("it was not refused")


def ready(pod):
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])


def watched(is_enough, **named):
    """What is told of the pods until it is enough."""
    told, looking = [], watch.Watch()
    for event in looking.stream(core.list_namespaced_pod, HERE, label_selector="app=web", timeout_seconds=120, **named):
        told.append((event["type"], event["object"]))
        if is_enough(told):
            looking.stop()
    assert is_enough(told), f"the watch ended after {[(kind, pod.metadata.name) for kind, pod in told]}"
    return told


def set_of(replicas):
    container = client.V1Container(name="nginx", image="nginx", ports=[client.V1ContainerPort(container_port=80)])
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=LABELS), spec=client.V1PodSpec(containers=[container])
    )
    spec = client.V1StatefulSetSpec(
        replicas=replicas, service_name="web", selector=client.V1LabelSelector(match_labels=LABELS), template=template
    )
    return client.V1StatefulSet(metadata=client.V1ObjectMeta(name="web"), spec=spec)


def lists_and_creates():
    nodes = [node.metadata.name for node in core.list_node().items]
    assert nodes == ["node-0", "node-1", "node-2", "node-3"], nodes
    port = client.V1ServicePort(port=80)
    core.create_namespaced_service(
        HERE,
        client.V1Service(
            metadata=client.V1ObjectMeta(name="web"),
            spec=client.V1ServiceSpec(cluster_ip="None", selector=LABELS, ports=[port]),
        ),
    )
    apps.create_namespaced_stateful_set(HERE, set_of(2))
    status, reason, body = refused(apps.create_namespaced_stateful_set, HERE, set_of(2))
    assert (status, reason) == (409, "Conflict") and '"reason":"AlreadyExists"' in body, body
    status, _, body = refused(apps.create_namespaced_stateful_set, HERE, set_of(-1))
    assert status == 422 and "spec.replicas" in body, body
    assert refused(core.read_namespaced_pod, "nobody", HERE)[0] == 404


def watches():
    both_ready = lambda told: {pod.metadata.name for _, pod in told if ready(pod)} == {"web-0", "web-1"}
    told = watched(both_ready)
    # One after the other: the second is made when the first is ready.
    first_ready = next(at for at, (_, pod) in enumerate(told) if pod.metadata.name == "web-0" and ready(pod))
    second_made = next(at for at, (kind, pod) in enumerate(told) if kind == "ADDED" and pod.metadata.name == "web-1")
    assert first_ready < second_made
    # A version from before the cluster kept anything is gone, and says so.
    pages = core.list_namespaced_pod(HERE, limit=1)
    assert len(pages.items) == 1 and pages.metadata.remaining_item_count == 1
    rest = core.list_namespaced_pod(HERE, limit=1, _continue=pages.metadata._continue)
    assert [pod.metadata.name for pod in pages.items + rest.items] == ["web-0", "web-1"]


def patches():
    version = core.list_namespaced_pod(HERE).metadata.resource_version
    patched = apps.patch_namespaced_stateful_set("web", HERE, {"spec": {"replicas": 3}})
    assert patched.spec.replicas == 3
    # From the version on, nobody is told what was there before.
    told = watched(lambda told: any(ready(pod) for _, pod in told), resource_version=version)
    assert {pod.metadata.name for _, pod in told} == {"web-2"}
    # A list of operations, against the scale.
    scale = apps.patch_namespaced_stateful_set_scale("web", HERE, [{"op": "replace", "path": "/spec/replicas", "value": 2}])
    assert scale.spec.replicas == 2
    watched(lambda told: told[-1][0] == "DELETED" and told[-1][1].metadata.name == "web-2")
    # A strategic patch finds the container by its name.
    image = {"spec": {"template": {"spec": {"containers": [{"name": "nginx", "image": "nginx:1.27"}]}}}}
    template = apps.patch_namespaced_stateful_set("web", HERE, image).spec.template
    assert template.spec.containers[0].image == "nginx:1.27" and template.spec.containers[0].ports[0].container_port == 80
    # An update of what has changed since is refused.
    old = apps.read_namespaced_stateful_set("web", HERE)
    apps.patch_namespaced_stateful_set("web", HERE, {"metadata": {"labels": {"seen": "true"}}})
    old.spec.replicas = 1
    assert refused(apps.replace_namespaced_stateful_set, "web", HERE, old)[0] == 409


def executes():
    program = ["sh", "-c", "hostname; echo oops >&2; exit 3"]
    said = stream(
        core.connect_get_namespaced_pod_exec,
        "web-0",
        HERE,
        command=program,
        stdin=False,
        stdout=True,
        stderr=True,
        tty=False,
        _preload_content=False,
    )
    said.run_forever(timeout=30)
    assert (said.read_stdout(), said.read_stderr(), said.returncode) == ("web-0\n", "oops\n", 3)
    listed = stream(core.connect_get_namespaced_pod_exec, "web-0", HERE, command="hostname", stdout=True)
    assert listed == "web-0\n", listed
    assert isinstance(core.read_namespaced_pod_log("web-0", HERE), str)


def evicts():
    budget = client.V1PodDisruptionBudget(
        metadata=client.V1ObjectMeta(name="web"),
        spec=client.V1PodDisruptionBudgetSpec(min_available=2, selector=client.V1LabelSelector(match_labels=LABELS)),
    )
    policy.create_namespaced_pod_disruption_budget(HERE, budget)
    both_ready = lambda told: {pod.metadata.name for _, pod in told if ready(pod)} == {"web-0", "web-1"}
    watched(both_ready)
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name="web-0"))
    status, reason, body = refused(core.create_namespaced_pod_eviction, "web-0", HERE, eviction)
    assert (status, reason) == (429, "Too Many Requests") and "disruption budget" in body, body


def finds_kinds_by_name():
    kinds = dynamic.DynamicClient(client.ApiClient()).resources
    sets = kinds.get(api_version="apps/v1", kind="StatefulSet")
    assert sets.get(name="web", namespace=HERE).spec.serviceName == "web"
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": {"a": "1"}}
    maps = kinds.get(api_version="v1", kind="ConfigMap")
    made = maps.server_side_apply(body=applied, namespace=HERE, field_manager="one")
    assert made.metadata.managedFields[0].manager == "one"
    try:
        maps.server_side_apply(body={**applied, "data": {"a": "2"}}, namespace=HERE, field_manager="other")
    except ApiException as refusal:
        assert refusal.status == 409 and "Apply failed with 1 conflict" in str(refusal.body), refusal.body
    else:
        raise AssertionError("another manager took the field without a word")


def deletes():
    apps.delete_namespaced_stateful_set("web", HERE, propagation_policy="Foreground")
    # It goes when its pods have gone.
    for event in watch.Watch().stream(apps.list_namespaced_stateful_set, HERE, timeout_seconds=120):
        if event["type"] == "DELETED":
            break
    assert core.list_namespaced_pod(HERE, label_selector="app=web").items == []
    assert refused(apps.read_namespaced_stateful_set, "web", HERE)[0] == 404


for step in [lists_and_creates, watches, patches, executes, evicts, finds_kinds_by_name, deletes]:
    step()
    print(step.__name__.replace("_", " "))
