//! What the API server adds to objects on their way in, and what it does not let writers touch.
//!
//! Upstream: the default admission plugins, and the `PrepareFor...` functions of `pkg/registry`.

use super::node_ports;
use super::shelf::{Key, Objects};
use super::validation::{FieldError, FieldErrorKind};
use crate::ground::clock::{Span, Time};
use crate::ground::random::{Stream, Streams};
use crate::ground::settings::Settings;
use crate::words::api_error::ApiError;
use petri_objects::record::Opaque;
use petri_objects::*;
use std::rc::Rc;

/// The account of pods that name none.
pub const DEFAULT_SERVICE_ACCOUNT: &str = "default";

/// API-5 to API-7: uid, creation time, generation; nothing of a status survives a create.
pub fn fill_system_fields(object: &mut Object, now: Time, uid: Uid) {
    let counted = matches!(
        object.kind(),
        Kind::StatefulSet
            | Kind::Deployment
            | Kind::ReplicaSet
            | Kind::DaemonSet
            | Kind::Pod
            | Kind::PodDisruptionBudget
            | Kind::EndpointSlice
    ) || matches!(object.kind(), Kind::Kept(kind) if kind.entry().counted);
    let meta = object.meta_mut();
    meta.uid = uid;
    meta.creation_timestamp = now.whole_seconds();
    meta.generation = i64::from(counted);
    meta.resource_version = Revision(0);
    meta.deletion_timestamp = Time::ZERO;
    meta.deletion_grace_period_seconds = None;
    match object {
        Object::Pod(pod) => {
            let pod = Rc::make_mut(pod);
            let conditions = if pod.spec.scheduling_gates.is_empty() { Vec::new() } else { vec![gated()] };
            pod.status = Rc::new(PodStatus { phase: Phase::Pending, conditions, ..PodStatus::default() });
        }
        Object::StatefulSet(set) => Rc::make_mut(set).status = StatefulSetStatus::default(),
        Object::ReplicaSet(set) => Rc::make_mut(set).status = ReplicaSetStatus::default(),
        Object::Deployment(deployment) => Rc::make_mut(deployment).status = DeploymentStatus::default(),
        Object::DaemonSet(set) => {
            let set = Rc::make_mut(set);
            set.status = DaemonSetStatus::default();
            super::daemon_set::begin(set);
        }
        Object::PodDisruptionBudget(budget) => Rc::make_mut(budget).status = Default::default(),
        Object::ResourceQuota(quota) => Rc::make_mut(quota).status = Default::default(),
        Object::PersistentVolumeClaim(claim) => Rc::make_mut(claim).status = Default::default(),
        Object::PersistentVolume(volume) => Rc::make_mut(volume).status = Default::default(),
        Object::VolumeAttachment(attachment) => Rc::make_mut(attachment).status = Default::default(),
        Object::Namespace(namespace) => {
            let namespace = Rc::make_mut(namespace);
            let name = namespace.metadata.name.clone();
            namespace.metadata.labels.insert("kubernetes.io/metadata.name", name);
            namespace.status = NamespaceStatus::default();
        }
        Object::Kept(kept) => fill_kept(Rc::make_mut(kept), now),
        _ => {}
    }
}

fn fill_kept(object: &mut KeptObject, now: Time) {
    if object.kind.entry().status {
        object.fields.remove("status");
    }
    if super::custom::is_definition(object) {
        super::custom::establish(object, now);
    }
}

/// What the API server says of a pod that gates hold back.
///
/// Upstream: `applySchedulingGatedCondition`.
fn gated() -> Condition {
    Condition {
        kind: "PodScheduled".into(),
        status: "False".into(),
        reason: "SchedulingGated".into(),
        message: "Scheduling is blocked due to non-empty scheduling gates".into(),
        ..Condition::default()
    }
}

/// For so long the API server asks again for the account that every namespace gets: nine times after 0.1 to 0.2 s.
const ASKS_AGAIN: Span = Span::seconds(1);

/// Whether the account of a new namespace is still on its way.
///
/// Deviation: the answer comes at once, as if the account had been found at the next look; upstream refuses after the last
/// one, where the controller that makes accounts stands still.
fn is_awaited(namespace: &Name, account: &Name, objects: &Objects, now: Time) -> bool {
    let made = objects.namespaces.get(&Key::new("", namespace.clone()));
    let made = made.filter(|namespace| !namespace.metadata.is_terminating());
    **account == *DEFAULT_SERVICE_ACCOUNT
        && made.is_some_and(|made| now.since(made.metadata.creation_timestamp) <= ASKS_AGAIN)
}

/// What admission plugins refuse before an object is validated.
///
/// Upstream: `plugin/pkg/admission/serviceaccount` (`getServiceAccount`), `plugin/pkg/admission/priority`.
pub fn admit(object: &Object, objects: &Objects, now: Time) -> Result<(), ApiError> {
    let pod = match object {
        Object::Pod(pod) => pod,
        Object::PriorityClass(class) => return admit_class(class, true, objects),
        _ => return Ok(()),
    };
    let (namespace, account, class) = (&pod.metadata.namespace, account_name(pod), &pod.spec.priority_class_name);
    let found = objects.service_accounts.get(&Key::new(namespace.clone(), account.clone())).is_some();
    let cause = if !found && !is_awaited(namespace, &account, objects, now) {
        format!("error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found")
    } else if !class.is_empty() && class_of(pod, objects).is_none() {
        format!("no PriorityClass with name {class} was found")
    } else if let Some(given) = pod.spec.priority.filter(|given| *given != pod_priority(pod, objects)) {
        format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
             computed {} from the given PriorityClass name",
            pod_priority(pod, objects)
        )
    } else if let Some(given) = other_policy(pod, objects) {
        format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission \
             controller computed {} from the given PriorityClass name",
            preemption_policy(pod, objects)
        )
    } else if let Some(class) = missing_runtime_class(pod, objects) {
        format!("pod rejected: RuntimeClass \"{class}\" not found")
    } else {
        return Ok(());
    };
    let name = if pod.metadata.name.is_empty() { &pod.metadata.generate_name } else { &pod.metadata.name };
    Err(ApiError::Forbidden { kind: Kind::Pod, name: name.clone(), cause: cause.into() })
}

/// The policy that a pod asks for, if it is not that of its class.
fn other_policy<'p>(pod: &'p Pod, objects: &Objects) -> Option<&'p Name> {
    let given = &pod.spec.preemption_policy;
    (!given.is_empty() && *given != preemption_policy(pod, objects)).then_some(given)
}

/// Upstream: `plugin/pkg/admission/runtimeclass`.
///
/// Deviation: a RuntimeClass adds no overhead and no node selector.
fn missing_runtime_class<'p>(pod: &'p Pod, objects: &Objects) -> Option<&'p Name> {
    let class = Some(&pod.spec.runtime_class_name).filter(|class| !class.is_empty())?;
    let kind = Kind::from_api("node.k8s.io/v1", "RuntimeClass")?;
    objects.get(&ObjectRef::new(kind, "", class.clone())).is_none().then_some(class)
}

fn account_name(pod: &Pod) -> Name {
    let named = Some(&pod.spec.service_account_name).filter(|name| !name.is_empty());
    named.cloned().unwrap_or_else(|| DEFAULT_SERVICE_ACCOUNT.into())
}

/// Where a pod finds its token.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Names the account of a pod, and gives its containers the token and what else they need to find the API server.
///
/// Upstream: `plugin/pkg/admission/serviceaccount` (`mountServiceAccountToken`, `TokenVolumeSource`).
pub fn use_account(pod: &mut Pod, objects: &Objects, token_volume: &Opaque, names: &mut Stream) {
    let account = account_name(pod);
    let known = objects.service_accounts.get(&Key::new(pod.metadata.namespace.clone(), account.clone()));
    let spec = Rc::make_mut(&mut pod.spec);
    (spec.service_account_name, spec.service_account) = (account.clone(), account);
    let wanted = spec.automount_service_account_token;
    if !wanted.or(known.and_then(|account| account.automount_service_account_token)).unwrap_or(true) {
        return;
    }
    let lacks = |container: &Container| !container.volume_mounts.iter().any(|mount| &*mount.mount_path == TOKEN_PATH);
    if !spec.containers.iter().chain(&spec.init_containers).any(lacks) {
        return;
    }
    let name = Name::from(format!("kube-api-access-{}", names.suffix()));
    for container in spec.init_containers.iter_mut().chain(&mut spec.containers).filter(|container| lacks(container)) {
        container.volume_mounts.push(VolumeMount {
            mount_path: TOKEN_PATH.into(),
            name: name.clone(),
            read_only: true,
            ..VolumeMount::default()
        });
    }
    spec.volumes.push(Volume { name, projected: token_volume.clone(), ..Volume::default() });
}

/// The sources of every pod's token volume.
pub fn token_volume() -> Opaque {
    let json = r#"{"defaultMode":420,"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
        {"configMap":{"items":[{"key":"ca.crt","path":"ca.crt"}],"name":"kube-root-ca.crt"}},
        {"downwardAPI":{"items":[{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"},"path":"namespace"}]}}]}"#;
    Opaque(Value::from_json(json).map(Rc::new))
}

/// What admission plugins refuse of an update that is valid.
///
/// Upstream: `plugin/pkg/admission/storage/persistentvolume/resize`, `plugin/pkg/admission/priority`.
pub fn admit_update(new: &Object, old: &Object, objects: &Objects) -> Result<(), ApiError> {
    if let Object::PriorityClass(class) = new {
        return admit_class(class, false, objects);
    }
    let (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) = (new, old) else { return Ok(()) };
    let asked = |claim: &PersistentVolumeClaim| claim.spec.resources.requests.get("storage").and_then(Quantity::millis);
    if asked(new) <= asked(old) || old.spec.volume_name.is_empty() {
        return Ok(());
    }
    let class = old.spec.storage_class_name.clone().unwrap_or_default();
    let class = objects.storage_classes.get(&Key::new("", class));
    if class.is_some_and(|class| class.allow_volume_expansion == Some(true)) {
        return Ok(());
    }
    let cause = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    let (kind, name) = (Kind::PersistentVolumeClaim, new.metadata.name.clone());
    Err(ApiError::Forbidden { kind, name, cause: cause.into() })
}

/// Whether the address that a Service asks for is one that the cluster gives out, and free.
///
/// Upstream: `pkg/registry/core/service/ipallocator`.
pub fn check_address(object: &Object, objects: &Objects, settings: &Settings) -> Vec<FieldError> {
    let Object::Service(service) = object else { return Vec::new() };
    let ip = &service.spec.cluster_ip;
    let network = &settings.service_network;
    let inside = ip.strip_prefix(&**network).is_some_and(|rest| rest.starts_with('.'));
    let taken = || objects.services.values().any(|other| other.spec.cluster_ip == *ip);
    if ip.is_empty() || &**ip == "None" || &*service.spec.kind == "ExternalName" || inside && !taken() {
        return Vec::new();
    }
    let why = match inside {
        true => "provided IP is already allocated".into(),
        false => {
            format!("the provided IP ({ip}) is not in the valid range. The range of valid IPs is {network}.0.0/16")
        }
    };
    vec![FieldError {
        path: "spec.clusterIPs".into(),
        kind: FieldErrorKind::Invalid,
        value: Some(format!("[\"{ip}\"]")),
        detail: format!("failed to allocate IP {ip}: {why}"),
    }]
}

/// The mutating admission plugins that are on by default.
pub fn mutate(object: &mut Object, objects: &Objects, settings: &Settings, random: &mut Streams, now: Time) {
    match object {
        Object::Pod(pod) => {
            let pod = Rc::make_mut(pod);
            let (priority, policy) = (pod_priority(pod, objects), preemption_policy(pod, objects));
            let spec = Rc::make_mut(&mut pod.spec);
            spec.priority = Some(priority);
            spec.preemption_policy = policy;
            default_tolerations(spec, settings);
        }
        Object::PersistentVolumeClaim(claim) => {
            let claim = Rc::make_mut(claim);
            protect(&mut claim.metadata, "kubernetes.io/pvc-protection");
            if claim.spec.storage_class_name.is_none()
                && let Some(class) = default_class(objects)
            {
                Rc::make_mut(&mut claim.spec).storage_class_name = Some(class);
            }
        }
        Object::PersistentVolume(volume) => {
            protect(&mut Rc::make_mut(volume).metadata, "kubernetes.io/pv-protection");
        }
        Object::Service(service) => allocate_address(Rc::make_mut(service), objects, settings, &mut random.addresses),
        Object::StatefulSet(set) => drop_gated_fields(set, settings),
        Object::Kept(kept) if kept.kind.is_acted_on() && kept.kind.entry().name == "Job" => {
            petri_objects::batch::select_own_pods(Rc::make_mut(kept));
        }
        Object::Node(node) => taint_new_node(Rc::make_mut(node), now),
        _ => {}
    }
}

/// A new node takes no pods until the node controller has seen that it is ready.
///
/// Upstream: `plugin/pkg/admission/nodetaint`.
fn taint_new_node(node: &mut Node, now: Time) {
    let key = "node.kubernetes.io/not-ready";
    if !node.has_taint(key, "NoSchedule") {
        let (time_added, value) = (now.whole_seconds(), Name::default());
        node.spec.taints.push(Taint { key: key.into(), value, effect: "NoSchedule".into(), time_added });
    }
}

/// Fields behind a gate that is off are dropped on their way in.
pub fn drop_gated_fields(set: &mut Rc<StatefulSet>, settings: &Settings) {
    let rolling = set.spec.update_strategy.rolling_update.as_ref();
    if !settings.gates.max_unavailable_stateful_set && rolling.is_some_and(|r| r.max_unavailable.is_some()) {
        let spec = Rc::make_mut(&mut Rc::make_mut(set).spec);
        if let Some(rolling) = &mut spec.update_strategy.rolling_update {
            rolling.max_unavailable = None;
        }
    }
}

fn pod_priority(pod: &Pod, objects: &Objects) -> i32 {
    class_of(pod, objects).map_or(0, |class| class.value)
}

/// Whether a pod may push others away: what its class says.
fn preemption_policy(pod: &Pod, objects: &Objects) -> Name {
    let class = class_of(pod, objects);
    class.and_then(|class| class.preemption_policy.clone()).unwrap_or_else(|| "PreemptLowerPriority".into())
}

/// The class that a pod names, or else the default one.
fn class_of<'o>(pod: &Pod, objects: &'o Objects) -> Option<&'o Rc<PriorityClass>> {
    match &pod.spec.priority_class_name {
        name if name.is_empty() => default_priority_class(objects),
        name => objects.priority_classes.get(&Key::new("", name.clone())),
    }
}

/// Upstream: `getDefaultPriorityClass`. Of several, which a race can make, the least important one counts.
fn default_priority_class(objects: &Objects) -> Option<&Rc<PriorityClass>> {
    objects.priority_classes.values().filter(|class| class.global_default).min_by_key(|class| class.value)
}

/// Two default classes would leave open what a pod without a class weighs.
///
/// Upstream: `validatePriorityClass`.
fn admit_class(class: &PriorityClass, is_new: bool, objects: &Objects) -> Result<(), ApiError> {
    let default = default_priority_class(objects).filter(|_| class.global_default);
    let Some(default) = default.filter(|default| is_new || default.metadata.name != class.metadata.name) else {
        return Ok(());
    };
    let name = &default.metadata.name;
    let cause = format!("PriorityClass {name} is already marked as default. Only one default can exist");
    Err(ApiError::Forbidden { kind: Kind::PriorityClass, name: class.metadata.name.clone(), cause: cause.into() })
}

/// Upstream: `DefaultTolerationSeconds`.
fn default_tolerations(spec: &mut PodSpec, settings: &Settings) {
    for (key, seconds) in [
        ("node.kubernetes.io/not-ready", settings.not_ready_toleration_seconds),
        ("node.kubernetes.io/unreachable", settings.unreachable_toleration_seconds),
    ] {
        let tolerated = spec
            .tolerations
            .iter()
            .any(|t| (t.key.is_empty() || &*t.key == key) && (t.effect.is_empty() || &*t.effect == "NoExecute"));
        if !tolerated {
            spec.tolerations.push(Toleration {
                key: key.into(),
                operator: "Exists".into(),
                effect: "NoExecute".into(),
                toleration_seconds: Some(seconds),
                ..Toleration::default()
            });
        }
    }
}

fn protect(meta: &mut Meta, finalizer: &str) {
    if !meta.has_finalizer(finalizer) {
        meta.finalizers.push(finalizer.into());
    }
}

/// The default class: the newest of several, by name among equals.
///
/// Upstream: `GetDefaultClass`.
pub fn default_class(objects: &Objects) -> Option<Name> {
    objects
        .storage_classes
        .values()
        .filter(|class| class.is_default())
        .max_by(|a, b| {
            let age = a.metadata.creation_timestamp.cmp(&b.metadata.creation_timestamp);
            age.then_with(|| b.metadata.name.cmp(&a.metadata.name))
        })
        .map(|class| class.metadata.name.clone())
}

/// Gives a Service its virtual address, from the upper part of the range.
///
/// Upstream: `ipallocator`: the start is random, so that addresses chosen by hand in the lower part rarely collide.
pub fn allocate_address(service: &mut Service, objects: &Objects, settings: &Settings, addresses: &mut Stream) {
    let spec = Rc::make_mut(&mut service.spec);
    if &*spec.kind == "ExternalName" {
        return;
    }
    if spec.cluster_ip.is_empty() {
        let taken = |ip: &str| objects.services.values().any(|s| &*s.spec.cluster_ip == ip);
        let mut free = String::new();
        for _ in 0..64 {
            free = format!("{}.{}.{}", settings.service_network, 1 + addresses.below(255), 1 + addresses.below(254));
            if !taken(&free) {
                break;
            }
        }
        spec.cluster_ip = free.into();
    }
    if spec.cluster_ips.is_empty() {
        spec.cluster_ips = vec![spec.cluster_ip.clone()];
    }
    if spec.ip_families.is_empty() {
        spec.ip_families = vec!["IPv4".into()];
    }
    spec.ip_family_policy.get_or_insert_with(|| "SingleStack".into());
}

/// API-8: what a main-resource update must not change is taken from the stored object.
pub fn keep_for_update(new: &mut Object, old: &Object) {
    keep_meta(new.meta_mut(), old.meta());
    match (new, old) {
        (Object::Pod(new), Object::Pod(old)) => Rc::make_mut(new).status = old.status.clone(),
        (Object::StatefulSet(new), Object::StatefulSet(old)) => Rc::make_mut(new).status = old.status.clone(),
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => Rc::make_mut(new).status = old.status.clone(),
        (Object::Deployment(new), Object::Deployment(old)) => Rc::make_mut(new).status = old.status.clone(),
        (Object::DaemonSet(new), Object::DaemonSet(old)) => Rc::make_mut(new).status = old.status.clone(),
        (Object::Node(new), Object::Node(old)) => Rc::make_mut(new).status = old.status.clone(),
        (Object::Namespace(new), Object::Namespace(old)) => Rc::make_mut(new).status = old.status.clone(),
        (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) => {
            Rc::make_mut(new).status = old.status.clone();
        }
        (Object::PersistentVolume(new), Object::PersistentVolume(old)) => {
            Rc::make_mut(new).status = old.status.clone();
        }
        (Object::VolumeAttachment(new), Object::VolumeAttachment(old)) => {
            Rc::make_mut(new).status = old.status.clone();
        }
        (Object::PodDisruptionBudget(new), Object::PodDisruptionBudget(old)) => {
            Rc::make_mut(new).status = old.status.clone();
        }
        (Object::ResourceQuota(new), Object::ResourceQuota(old)) => Rc::make_mut(new).status = old.status.clone(),
        (Object::Service(new), Object::Service(old)) => {
            let new = Rc::make_mut(new);
            new.status = old.status.clone();
            // A client that leaves the address out means the one that was given.
            if new.spec.cluster_ip.is_empty() && &*new.spec.kind != "ExternalName" {
                let spec = Rc::make_mut(&mut new.spec);
                spec.cluster_ip = old.spec.cluster_ip.clone();
                spec.cluster_ips = old.spec.cluster_ips.clone();
            } else if new.spec.cluster_ip != old.spec.cluster_ip && new.spec.cluster_ips == old.spec.cluster_ips {
                // Upstream: `NormalizeClusterIPs`. Older clients know of one address alone.
                Rc::make_mut(&mut new.spec).cluster_ips = vec![new.spec.cluster_ip.clone()];
            }
            node_ports::keep(Rc::make_mut(&mut new.spec), &old.spec);
            // Upstream: `dropTypeDependentFields`. What the old type had for itself goes with it, unless it was changed.
            let is_inside = matches!(&*new.spec.kind, "ClusterIP" | "ExternalName") && new.spec.external_ips.is_empty();
            if is_inside && new.spec.external_traffic_policy == old.spec.external_traffic_policy {
                Rc::make_mut(&mut new.spec).external_traffic_policy = Name::default();
            }
            let is_same = new.spec.allocate_load_balancer_node_ports == old.spec.allocate_load_balancer_node_ports;
            if &*new.spec.kind != "LoadBalancer" && is_same && new.spec.allocate_load_balancer_node_ports.is_some() {
                Rc::make_mut(&mut new.spec).allocate_load_balancer_node_ports = None;
            }
            if &*new.spec.kind == "ExternalName" {
                if &*old.spec.kind != "ExternalName" {
                    drop_addresses(Rc::make_mut(&mut new.spec), &old.spec);
                }
            } else if new.spec.ip_families.is_empty() {
                let spec = Rc::make_mut(&mut new.spec);
                spec.ip_families = old.spec.ip_families.clone();
                spec.ip_family_policy = old.spec.ip_family_policy.clone();
            }
        }
        (Object::Kept(new), Object::Kept(old)) if new.kind.entry().status => {
            let new = Rc::make_mut(new);
            new.fields.remove("status");
            new.fields = with_status(&new.fields, &old.fields);
        }
        _ => {}
    }
}

/// A name outside of the cluster has no addresses inside: those of before go, unless they were changed.
///
/// Upstream: `dropTypeDependentFields`.
fn drop_addresses(new: &mut ServiceSpec, old: &ServiceSpec) {
    if (&new.cluster_ip, &new.cluster_ips) == (&old.cluster_ip, &old.cluster_ips) {
        (new.cluster_ip, new.cluster_ips) = (Name::default(), Vec::new());
    }
    if new.ip_families == old.ip_families {
        new.ip_families.clear();
    }
    if new.ip_family_policy == old.ip_family_policy {
        new.ip_family_policy = None;
    }
}

fn keep_meta(new: &mut Meta, old: &Meta) {
    new.uid = old.uid;
    new.creation_timestamp = old.creation_timestamp;
    new.deletion_timestamp = old.deletion_timestamp;
    new.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
    new.generation = old.generation;
    new.generate_name = old.generate_name.clone();
    new.resource_version = old.resource_version;
}

/// The stored object with the status of another.
pub fn with_status_of(old: &Object, new: &Object) -> Object {
    macro_rules! statuses {
        ($($kind:ident),*) => {
            match (old, new) {
                // Upstream's strategy for the status of a Deployment lets annotations through: that is how the
                // controller writes the revision.
                (Object::Deployment(old), Object::Deployment(new)) => {
                    let mut merged = (**old).clone();
                    merged.status = new.status.clone();
                    merged.metadata.annotations = new.metadata.annotations.clone();
                    Object::from(merged)
                }
                $((Object::$kind(old), Object::$kind(new)) => {
                    let mut merged = (**old).clone();
                    merged.status = new.status.clone();
                    Object::from(merged)
                })*
                (Object::Kept(old), Object::Kept(new)) => {
                    let mut merged = (**old).clone();
                    merged.fields = with_status(&old.fields, &new.fields);
                    Object::Kept(Rc::new(merged))
                }
                _ => old.clone(),
            }
        };
    }
    statuses!(
        Pod,
        StatefulSet,
        ReplicaSet,
        DaemonSet,
        Node,
        Namespace,
        PersistentVolumeClaim,
        PersistentVolume,
        VolumeAttachment,
        PodDisruptionBudget,
        ResourceQuota,
        Service
    )
}

/// The fields with the status of others, in order.
fn with_status(fields: &Map, of: &Map) -> Map {
    let own = fields.sorted().into_iter().filter(|(key, _)| &***key != "status");
    let mut all: Map = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    if let Some(status) = of.get("status") {
        all.insert("status", status.clone());
    }
    all.sorted().into_iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// API-7: whether the part that `generation` counts has changed.
pub fn spec_differs(new: &Object, old: &Object) -> bool {
    match (new, old) {
        (Object::Pod(new), Object::Pod(old)) => new.spec != old.spec,
        (Object::StatefulSet(new), Object::StatefulSet(old)) => new.spec != old.spec,
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => new.spec != old.spec,
        (Object::Deployment(new), Object::Deployment(old)) => new.spec != old.spec,
        (Object::DaemonSet(new), Object::DaemonSet(old)) => new.spec != old.spec,
        (Object::PodDisruptionBudget(new), Object::PodDisruptionBudget(old)) => new.spec != old.spec,
        (Object::EndpointSlice(new), Object::EndpointSlice(old)) => {
            new.endpoints != old.endpoints || new.ports != old.ports
        }
        (Object::Kept(new), Object::Kept(old)) if new.kind.entry().counted => {
            let part = |object: &KeptObject| {
                let mut fields = object.fields.clone();
                fields.remove("status");
                fields
            };
            part(new) != part(old)
        }
        _ => false,
    }
}

/// A namespace is held by a finalizer of its spec.
pub fn is_held(object: &Object) -> bool {
    matches!(object, Object::Namespace(namespace) if !namespace.spec.finalizers.is_empty())
}
