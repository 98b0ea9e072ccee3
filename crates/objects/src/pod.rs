//! Pods: what runs, where, and what the API server believes about it.

use crate::record::{Opaque, Others};
use crate::{Condition, IntOrString, LabelSelector, Labels, Meta, Name, Quantity, Time, condition};
use std::collections::BTreeMap;
use std::rc::Rc;

record! {
    /// A group of containers that share a name, an address and volumes.
    Pod {
        /// Name, labels, owners.
        metadata "metadata": Meta,
        /// What should run.
        spec "spec": Rc<PodSpec>,
        /// What was last reported.
        status "status": Rc<PodStatus>,
    }

    /// The pod that a workload creates its replicas from.
    PodTemplateSpec {
        /// Labels and annotations of the pods.
        metadata "metadata": Meta,
        /// What the pods run.
        spec "spec": Rc<PodSpec>,
    }

    /// What a pod should run and where it may.
    PodSpec {
        /// Seconds after which the pod is stopped as failed.
        active_deadline_seconds "activeDeadlineSeconds": Option<i64>,
        /// Where the pod prefers or needs to run.
        affinity "affinity": Option<Affinity>,
        /// Whether the pod gets a token for the API server.
        automount_service_account_token "automountServiceAccountToken": Option<bool>,
        /// The containers.
        containers "containers" always: Vec<Container>,
        /// Resolver settings.
        dns_config "dnsConfig": Opaque,
        /// How names are resolved.
        dns_policy "dnsPolicy": Name,
        /// Whether services are offered as environment variables.
        enable_service_links "enableServiceLinks": Option<bool>,
        /// Extra lines of /etc/hosts.
        host_aliases "hostAliases": Opaque,
        /// Use the host's IPC namespace.
        host_ipc "hostIPC": bool,
        /// Use the host's network.
        host_network "hostNetwork": bool,
        /// Use the host's process namespace.
        host_pid "hostPID": bool,
        /// The host name inside the pod; a StatefulSet sets it to the pod's name.
        hostname "hostname": Name,
        /// Secrets for pulling images.
        image_pull_secrets "imagePullSecrets": Opaque,
        /// Containers that run before the others; with restartPolicy Always they stay as sidecars.
        init_containers "initContainers": Vec<Container>,
        /// The node that the pod is bound to.
        node_name "nodeName": Name,
        /// Labels that the node must have.
        node_selector "nodeSelector": Labels,
        /// The operating system.
        os "os": Opaque,
        /// Resources of the runtime itself.
        overhead "overhead": BTreeMap<Name, Quantity>,
        /// Whether the pod may push others away.
        preemption_policy "preemptionPolicy": Name,
        /// The importance as a number.
        priority "priority": Option<i32>,
        /// The importance by name.
        priority_class_name "priorityClassName": Name,
        /// Extra conditions for readiness.
        readiness_gates "readinessGates": Vec<ReadinessGate>,
        /// Whether containers are restarted when they end: Always, OnFailure, Never.
        restart_policy "restartPolicy": Name,
        /// The container runtime class.
        runtime_class_name "runtimeClassName": Name,
        /// Which scheduler places the pod.
        scheduler_name "schedulerName": Name,
        /// Reasons why the pod must not be scheduled yet.
        scheduling_gates "schedulingGates": Vec<SchedulingGate>,
        /// User, group and the like.
        security_context "securityContext": Opaque,
        /// Old name of serviceAccountName.
        service_account "serviceAccount": Name,
        /// The account that the pod acts as.
        service_account_name "serviceAccountName": Name,
        /// Use the full name as host name.
        set_hostname_as_fqdn "setHostnameAsFQDN": Option<bool>,
        /// One process namespace for all containers.
        share_process_namespace "shareProcessNamespace": Option<bool>,
        /// The Service under whose name the pod gets its own DNS record.
        subdomain "subdomain": Name,
        /// How long the pod may take to stop, in seconds.
        termination_grace_period_seconds "terminationGracePeriodSeconds": Option<i64>,
        /// Taints that do not keep the pod away, and for how long.
        tolerations "tolerations": Vec<Toleration>,
        /// How evenly the pods should be spread.
        topology_spread_constraints "topologySpreadConstraints": Vec<TopologySpreadConstraint>,
        /// The volumes that containers can mount.
        volumes "volumes": Vec<Volume>,
        /// What else Kubernetes knows of it.
        others "": Others,
    }

    /// An extra condition for readiness.
    ReadinessGate {
        /// The condition's type.
        condition_type "conditionType" always: Name,
    }

    /// A reason why a pod must not be scheduled yet.
    SchedulingGate {
        /// Its name.
        name "name" always: Name,
    }

    /// One process of a pod.
    Container {
        /// Arguments.
        args "args": Vec<Name>,
        /// Program.
        command "command": Vec<Name>,
        /// Environment.
        env "env": Opaque,
        /// Environment from other objects.
        env_from "envFrom": Opaque,
        /// The image; what the container does is known by it.
        image "image": Name,
        /// When to pull: Always, IfNotPresent, Never.
        image_pull_policy "imagePullPolicy": Name,
        /// Hooks after start and before stop.
        lifecycle "lifecycle": Option<Lifecycle>,
        /// Is it alive? If not, it is restarted.
        liveness_probe "livenessProbe": Option<Probe>,
        /// The name, unique in the pod.
        name "name" always: Name,
        /// The ports it listens on.
        ports "ports": Vec<ContainerPort>,
        /// May it get traffic?
        readiness_probe "readinessProbe": Option<Probe>,
        /// How resources may be resized.
        resize_policy "resizePolicy": Opaque,
        /// What it needs and may use.
        resources "resources": ResourceRequirements,
        /// Always makes an init container a sidecar.
        restart_policy "restartPolicy": Name,
        /// User, group and the like.
        security_context "securityContext": Opaque,
        /// Has it started? The other probes wait for this one.
        startup_probe "startupProbe": Option<Probe>,
        /// Keep standard input open.
        stdin "stdin": bool,
        /// Close it after the first use.
        stdin_once "stdinOnce": bool,
        /// Where the last words are read from.
        termination_message_path "terminationMessagePath": Name,
        /// How the last words are found.
        termination_message_policy "terminationMessagePolicy": Name,
        /// A terminal.
        tty "tty": bool,
        /// Block devices.
        volume_devices "volumeDevices": Opaque,
        /// Where volumes appear.
        volume_mounts "volumeMounts": Vec<VolumeMount>,
        /// Where it starts.
        working_dir "workingDir": Name,
        /// What else Kubernetes knows of it.
        others "": Others,
    }

    /// Hooks after start and before stop.
    Lifecycle {
        /// Runs after the start.
        post_start "postStart": Option<LifecycleHandler>,
        /// Runs before the stop, within the grace period.
        pre_stop "preStop": Option<LifecycleHandler>,
        /// The signal that asks it to stop.
        stop_signal "stopSignal": Name,
    }

    /// What a hook does.
    LifecycleHandler {
        /// Runs a command.
        exec "exec": Option<ExecAction>,
        /// Asks over HTTP.
        http_get "httpGet": Option<HttpGetAction>,
        /// Sleeps.
        sleep "sleep": Option<SleepAction>,
        /// Opens a connection; has no effect.
        tcp_socket "tcpSocket": Option<TcpSocketAction>,
    }

    /// A command.
    ExecAction {
        /// The words of the command.
        command "command": Vec<Name>,
    }

    /// An HTTP request.
    HttpGetAction {
        /// Another host than the pod.
        host "host": Name,
        /// Header lines.
        http_headers "httpHeaders": Opaque,
        /// The path.
        path "path": Name,
        /// The port, by number or name.
        port "port" always: IntOrString,
        /// HTTP or HTTPS.
        scheme "scheme": Name,
    }

    /// A TCP connection.
    TcpSocketAction {
        /// Another host than the pod.
        host "host": Name,
        /// The port, by number or name.
        port "port" always: IntOrString,
    }

    /// A gRPC health check.
    GrpcAction {
        /// The port.
        port "port" always: i32,
        /// The service.
        service "service": Option<Name>,
    }

    /// A pause.
    SleepAction {
        /// How long.
        seconds "seconds" always: i64,
    }

    /// A question that the kubelet keeps asking a container.
    Probe {
        /// Runs a command.
        exec "exec": Option<ExecAction>,
        /// How many failures in a row count.
        failure_threshold "failureThreshold": i32,
        /// Asks over gRPC.
        grpc "grpc": Option<GrpcAction>,
        /// Asks over HTTP.
        http_get "httpGet": Option<HttpGetAction>,
        /// Wait before the first question, in seconds.
        initial_delay_seconds "initialDelaySeconds": i32,
        /// Time between questions, in seconds.
        period_seconds "periodSeconds": i32,
        /// How many successes in a row count.
        success_threshold "successThreshold": i32,
        /// Opens a connection.
        tcp_socket "tcpSocket": Option<TcpSocketAction>,
        /// Grace period after a failed probe.
        termination_grace_period_seconds "terminationGracePeriodSeconds": Option<i64>,
        /// How long an answer may take, in seconds.
        timeout_seconds "timeoutSeconds": i32,
    }

    /// A port of a container.
    ContainerPort {
        /// The number.
        container_port "containerPort" always: i32,
        /// The host's address.
        host_ip "hostIP": Name,
        /// A port on the node.
        host_port "hostPort": i32,
        /// A name that Services can use.
        name "name": Name,
        /// TCP, UDP or SCTP.
        protocol "protocol": Name,
    }

    /// Requests and limits.
    ResourceRequirements {
        /// Devices.
        claims "claims": Opaque,
        /// The most it may use.
        limits "limits": BTreeMap<Name, Quantity>,
        /// What the scheduler reserves.
        requests "requests": BTreeMap<Name, Quantity>,
    }

    /// Where a volume appears in a container.
    VolumeMount {
        /// The path.
        mount_path "mountPath" always: Name,
        /// How mounts spread.
        mount_propagation "mountPropagation": Name,
        /// The volume's name.
        name "name" always: Name,
        /// Reading only.
        read_only "readOnly": bool,
        /// Reading only, below as well.
        recursive_read_only "recursiveReadOnly": Name,
        /// A folder of the volume.
        sub_path "subPath": Name,
        /// The same with variables.
        sub_path_expr "subPathExpr": Name,
    }

    /// A volume of a pod. One source must be given; without any it is an emptyDir.
    Volume {
        /// Data from a ConfigMap.
        config_map "configMap": Opaque,
        /// A driver's own volume.
        csi "csi": Opaque,
        /// Facts about the pod as files.
        downward_api "downwardAPI": Opaque,
        /// An empty folder that lives as long as the pod.
        empty_dir "emptyDir": Opaque,
        /// A claim made for this pod alone.
        ephemeral "ephemeral": Opaque,
        /// A folder of the node.
        host_path "hostPath": Opaque,
        /// An NFS export.
        nfs "nfs": Opaque,
        /// The name that mounts refer to.
        name "name" always: Name,
        /// A claim in the same namespace.
        persistent_volume_claim "persistentVolumeClaim": Option<ClaimVolumeSource>,
        /// Several sources in one.
        projected "projected": Opaque,
        /// Data from a Secret.
        secret "secret": Opaque,
        /// What else Kubernetes knows of it.
        others "": Others,
    }

    /// A claim as the source of a volume.
    ClaimVolumeSource {
        /// The claim's name.
        claim_name "claimName" always: Name,
        /// Reading only.
        read_only "readOnly": bool,
    }

    /// A taint that does not keep the pod away.
    Toleration {
        /// NoSchedule, PreferNoSchedule, NoExecute; empty for all.
        effect "effect": Name,
        /// The taint's key; empty for all.
        key "key": Name,
        /// Equal or Exists.
        operator "operator": Name,
        /// How long a NoExecute taint is tolerated, in seconds; for ever if absent.
        toleration_seconds "tolerationSeconds": Option<i64>,
        /// The taint's value.
        value "value": Name,
    }

    /// How evenly pods should be spread over domains.
    TopologySpreadConstraint {
        /// Which pods count.
        label_selector "labelSelector": Option<LabelSelector>,
        /// More keys whose values must be equal.
        match_label_keys "matchLabelKeys": Vec<Name>,
        /// The largest allowed difference.
        max_skew "maxSkew" always: i32,
        /// The least number of domains.
        min_domains "minDomains": Option<i32>,
        /// Whether node affinity counts.
        node_affinity_policy "nodeAffinityPolicy": Name,
        /// Whether taints count.
        node_taints_policy "nodeTaintsPolicy": Name,
        /// The node label that makes a domain.
        topology_key "topologyKey" always: Name,
        /// DoNotSchedule or ScheduleAnyway.
        when_unsatisfiable "whenUnsatisfiable" always: Name,
    }

    /// Where a pod prefers or needs to run.
    Affinity {
        /// By node labels.
        node_affinity "nodeAffinity": Option<NodeAffinity>,
        /// Near certain pods.
        pod_affinity "podAffinity": Option<PodAffinity>,
        /// Away from certain pods.
        pod_anti_affinity "podAntiAffinity": Option<PodAffinity>,
    }

    /// Node labels that a pod prefers or needs.
    NodeAffinity {
        /// Preferred.
        preferred "preferredDuringSchedulingIgnoredDuringExecution": Vec<PreferredSchedulingTerm>,
        /// Needed.
        required "requiredDuringSchedulingIgnoredDuringExecution": Option<NodeSelector>,
    }

    /// A preferred term and its weight.
    PreferredSchedulingTerm {
        /// The term.
        preference "preference" always: NodeSelectorTerm,
        /// 1 to 100.
        weight "weight" always: i32,
    }

    /// Terms of which one must match.
    NodeSelector {
        /// The terms.
        node_selector_terms "nodeSelectorTerms" always: Vec<NodeSelectorTerm>,
    }

    /// Requirements that must all hold.
    NodeSelectorTerm {
        /// By labels.
        match_expressions "matchExpressions": Vec<NodeSelectorRequirement>,
        /// By fields.
        match_fields "matchFields": Vec<NodeSelectorRequirement>,
    }

    /// One requirement on a node.
    NodeSelectorRequirement {
        /// The key.
        key "key" always: Name,
        /// In, NotIn, Exists, DoesNotExist, Gt, Lt.
        operator "operator" always: Name,
        /// The values.
        values "values": Vec<Name>,
    }

    /// Pods to be near to, or away from.
    PodAffinity {
        /// Preferred.
        preferred "preferredDuringSchedulingIgnoredDuringExecution": Vec<WeightedPodAffinityTerm>,
        /// Needed.
        required "requiredDuringSchedulingIgnoredDuringExecution": Vec<PodAffinityTerm>,
    }

    /// A term and its weight.
    WeightedPodAffinityTerm {
        /// The term.
        pod_affinity_term "podAffinityTerm" always: PodAffinityTerm,
        /// 1 to 100.
        weight "weight" always: i32,
    }

    /// Which pods, in which domain.
    PodAffinityTerm {
        /// The pods.
        label_selector "labelSelector": Option<LabelSelector>,
        /// More keys whose values must be equal.
        match_label_keys "matchLabelKeys": Vec<Name>,
        /// Keys whose values must differ.
        mismatch_label_keys "mismatchLabelKeys": Vec<Name>,
        /// Their namespaces by label.
        namespace_selector "namespaceSelector": Option<LabelSelector>,
        /// Their namespaces by name.
        namespaces "namespaces": Vec<Name>,
        /// The node label that makes a domain.
        topology_key "topologyKey" always: Name,
    }

    /// What the API server was last told about a pod.
    PodStatus {
        /// Ready, PodScheduled and the rest.
        conditions "conditions" probed: Vec<Condition>,
        /// One entry per container.
        container_statuses "containerStatuses": Vec<ContainerStatus>,
        /// The node's address.
        host_ip "hostIP": Name,
        /// All of them.
        host_ips "hostIPs": Vec<HostIp>,
        /// One entry per init container.
        init_container_statuses "initContainerStatuses": Vec<ContainerStatus>,
        /// A sentence about the phase.
        message "message": Name,
        /// Where the pod is expected to go.
        nominated_node_name "nominatedNodeName": Name,
        /// The generation that was looked at.
        observed_generation "observedGeneration": i64,
        /// Pending, Running, Succeeded, Failed or Unknown.
        phase "phase": Phase,
        /// The pod's address.
        pod_ip "podIP": Name,
        /// All of them.
        pod_ips "podIPs": Vec<PodIp>,
        /// Guaranteed, Burstable or BestEffort.
        qos_class "qosClass": Name,
        /// A word about the phase, such as Evicted.
        reason "reason": Name,
        /// When the kubelet accepted the pod.
        start_time "startTime": Time,
    }

    /// An address of the pod.
    PodIp {
        /// The address.
        ip "ip": Name,
    }

    /// An address of the node.
    HostIp {
        /// The address.
        ip "ip": Name,
    }

    /// What was last reported about a container.
    ContainerStatus {
        /// The runtime's id.
        container_id "containerID": Name,
        /// The image.
        image "image" always: Name,
        /// The image's digest.
        image_id "imageID" always: Name,
        /// How it ended before.
        last_state "lastState": ContainerState,
        /// Its name.
        name "name" always: Name,
        /// May it get traffic?
        ready "ready" always: bool,
        /// How often it was started again.
        restart_count "restartCount" always: i32,
        /// Has it passed its startup probe?
        started "started": Option<bool>,
        /// Waiting, running or terminated.
        state "state": ContainerState,
    }

    /// Exactly one of three.
    ContainerState {
        /// It runs.
        running "running": Option<ContainerStateRunning>,
        /// It ended.
        terminated "terminated": Option<ContainerStateTerminated>,
        /// It has not started, and why.
        waiting "waiting": Option<ContainerStateWaiting>,
    }

    /// A running container.
    ContainerStateRunning {
        /// Since when.
        started_at "startedAt": Time,
    }

    /// A container that has not started.
    ContainerStateWaiting {
        /// A sentence.
        message "message": Name,
        /// ContainerCreating, CrashLoopBackOff, ImagePullBackOff ...
        reason "reason": Name,
    }

    /// A container that ended.
    ContainerStateTerminated {
        /// The runtime's id.
        container_id "containerID": Name,
        /// The exit code; 137 after SIGKILL.
        exit_code "exitCode" always: i32,
        /// When it ended.
        finished_at "finishedAt": Time,
        /// Its last words.
        message "message": Name,
        /// Completed, Error, OOMKilled.
        reason "reason": Name,
        /// The signal that ended it.
        signal "signal": i32,
        /// When it started.
        started_at "startedAt": Time,
    }
}

/// Where a pod is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Not reported: a pod that exists only in a controller's memory.
    #[default]
    None,
    Pending,
    Unknown,
    Running,
    Succeeded,
    Failed,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::None => "",
            Phase::Pending => "Pending",
            Phase::Unknown => "Unknown",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
        }
    }
    /// Succeeded or Failed: nothing of the pod will ever run again.
    pub fn is_terminal(self) -> bool {
        matches!(self, Phase::Succeeded | Phase::Failed)
    }
}

impl crate::record::Field for Phase {
    const TYPE: crate::Type = crate::Type::String;
    const GO: &'static str = "v1.PodPhase";
    fn encode(&self) -> Option<crate::Value> {
        (*self != Phase::None).then(|| crate::Value::from(self.as_str()))
    }
    fn decode(value: &crate::Value, at: &mut crate::Decode) -> Phase {
        match value.as_str() {
            Some("Pending") => Phase::Pending,
            Some("Running") => Phase::Running,
            Some("Succeeded") => Phase::Succeeded,
            Some("Failed") => Phase::Failed,
            Some("Unknown") => Phase::Unknown,
            Some("") => Phase::None,
            _ => {
                at.wrong_type(value, "v1.PodPhase");
                Phase::None
            }
        }
    }
}

impl Pod {
    pub fn phase(&self) -> Phase {
        self.status.phase
    }
    pub fn is_terminating(&self) -> bool {
        self.metadata.is_terminating()
    }
    pub fn is_failed(&self) -> bool {
        self.status.phase == Phase::Failed
    }
    pub fn is_succeeded(&self) -> bool {
        self.status.phase == Phase::Succeeded
    }
    /// Whether the API server has stored it.
    pub fn is_created(&self) -> bool {
        self.status.phase != Phase::None
    }
    pub fn is_pending(&self) -> bool {
        self.status.phase == Phase::Pending
    }
    /// The Ready condition is True.
    ///
    /// Upstream: `podutil.IsPodReady`.
    pub fn is_ready(&self) -> bool {
        condition(&self.status.conditions, "Ready").is_some_and(|c| &*c.status == "True")
    }
    pub fn is_running_and_ready(&self) -> bool {
        self.status.phase == Phase::Running && self.is_ready()
    }
    /// Ready for at least `min_ready_seconds`.
    ///
    /// Upstream: `podutil.IsPodAvailable`.
    pub fn is_available(&self, min_ready_seconds: i32, now: Time) -> bool {
        let Some(ready) = condition(&self.status.conditions, "Ready").filter(|c| &*c.status == "True") else {
            return false;
        };
        let since = ready.last_transition_time;
        let wait = crate::Span::seconds(min_ready_seconds.max(0) as u64);
        min_ready_seconds == 0 || (since != Time::ZERO && since + wait <= now)
    }
    /// Neither finished nor asked to stop: what a ReplicaSet counts.
    ///
    /// Upstream: `controller.IsPodActive`.
    pub fn is_active(&self) -> bool {
        !self.status.phase.is_terminal() && !self.is_terminating()
    }
    pub fn is_scheduled(&self) -> bool {
        !self.spec.node_name.is_empty()
    }
    /// The claims that the pod's volumes refer to, in order.
    pub fn claims(&self) -> impl Iterator<Item = &Name> {
        self.spec.volumes.iter().filter_map(|v| v.persistent_volume_claim.as_ref()).map(|c| &c.claim_name)
    }
}

impl Toleration {
    /// Whether this tolerates the taint.
    ///
    /// Upstream: `Toleration.ToleratesTaint`.
    pub fn tolerates(&self, taint: &crate::Taint) -> bool {
        (self.effect.is_empty() || self.effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && match &*self.operator {
                "" | "Equal" => self.value == taint.value,
                "Exists" => true,
                _ => false,
            }
    }
}
