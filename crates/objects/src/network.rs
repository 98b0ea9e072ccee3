//! Services, endpoint slices, leases.

use crate::record::{Opaque, Others};
use crate::{IntOrString, Labels, Meta, Name, ObjectReference, Time};
use std::rc::Rc;

record! {
    /// A name for a group of pods.
    Service {
        /// Name and labels.
        metadata "metadata": Meta,
        /// Which pods, which ports.
        spec "spec": Rc<ServiceSpec>,
        /// The load balancer's address.
        status "status": ServiceStatus,
    }

    /// Which pods, which ports.
    ServiceSpec {
        /// Whether a load balancer needs node ports.
        allocate_load_balancer_node_ports "allocateLoadBalancerNodePorts": Option<bool>,
        /// The virtual address; `None` makes the Service headless.
        cluster_ip "clusterIP": Name,
        /// All of them.
        cluster_ips "clusterIPs": Vec<Name>,
        /// Addresses from outside.
        external_ips "externalIPs": Vec<Name>,
        /// The name that an ExternalName Service stands for.
        external_name "externalName": Name,
        /// Cluster or Local, for traffic from outside.
        external_traffic_policy "externalTrafficPolicy": Name,
        /// Cluster or Local, for traffic from inside.
        internal_traffic_policy "internalTrafficPolicy": Option<Name>,
        /// IPv4, IPv6.
        ip_families "ipFamilies": Vec<Name>,
        /// SingleStack and others.
        ip_family_policy "ipFamilyPolicy": Option<Name>,
        /// The ports.
        ports "ports": Vec<ServicePort>,
        /// Whether pods that are not Ready are listed as well.
        publish_not_ready_addresses "publishNotReadyAddresses": bool,
        /// Labels of the pods.
        selector "selector": Labels,
        /// None or ClientIP.
        session_affinity "sessionAffinity": Name,
        /// How long ClientIP lasts.
        session_affinity_config "sessionAffinityConfig": Opaque,
        /// How traffic prefers to go.
        traffic_distribution "trafficDistribution": Name,
        /// ClusterIP, NodePort, LoadBalancer or ExternalName.
        kind "type": Name,
        /// What else Kubernetes knows of it.
        others "": Others,
    }

    /// A port of a Service.
    ServicePort {
        /// The protocol above TCP.
        app_protocol "appProtocol": Option<Name>,
        /// A name, needed when there are several.
        name "name": Name,
        /// The port on every node.
        node_port "nodePort": i32,
        /// The number.
        port "port" always: i32,
        /// TCP, UDP or SCTP.
        protocol "protocol": Name,
        /// The pods' port, by number or name.
        target_port "targetPort": Option<IntOrString>,
    }

    /// The load balancer's address.
    ServiceStatus {
        /// The load balancer.
        load_balancer "loadBalancer": LoadBalancerStatus,
    }

    /// The load balancer's address.
    LoadBalancerStatus {
        /// Where it can be reached.
        ingress "ingress": Opaque,
    }

    /// A part of a Service's addresses.
    EndpointSlice {
        /// IPv4, IPv6 or FQDN.
        address_type "addressType" always: Name,
        /// The addresses.
        endpoints "endpoints" always: Rc<Vec<Endpoint>>,
        /// Name, labels, owners.
        metadata "metadata": Meta,
        /// The ports.
        ports "ports" always: Vec<EndpointPort>,
    }

    /// One pod behind a Service.
    Endpoint {
        /// Its addresses.
        addresses "addresses" always: Vec<Name>,
        /// Whether it gets traffic.
        conditions "conditions": EndpointConditions,
        /// The name that gets a DNS record of its own.
        hostname "hostname": Option<Name>,
        /// The node.
        node_name "nodeName": Option<Name>,
        /// The pod.
        target_ref "targetRef": Option<ObjectReference>,
        /// The zone.
        zone "zone": Option<Name>,
        /// What else Kubernetes knows of it.
        others "": Others,
    }

    /// Whether an endpoint gets traffic.
    EndpointConditions {
        /// Yes, because it is serving and not terminating, or because the Service lists all.
        ready "ready": Option<bool>,
        /// The pod is Ready.
        serving "serving": Option<bool>,
        /// The pod was asked to stop.
        terminating "terminating": Option<bool>,
    }

    /// A port of the endpoints.
    EndpointPort {
        /// The protocol above TCP.
        app_protocol "appProtocol": Option<Name>,
        /// The Service port's name.
        name "name": Option<Name>,
        /// The number.
        port "port": Option<i32>,
        /// TCP, UDP or SCTP.
        protocol "protocol": Option<Name>,
    }

    /// A right that must be renewed.
    Lease {
        /// Name.
        metadata "metadata": Meta,
        /// Who holds it, until when.
        spec "spec": LeaseSpec,
    }

    /// Who holds a lease, until when.
    LeaseSpec {
        /// When the holder got it.
        acquire_time "acquireTime": MicroTime,
        /// The holder.
        holder_identity "holderIdentity": Option<Name>,
        /// How long it lasts after a renewal, in seconds.
        lease_duration_seconds "leaseDurationSeconds": Option<i32>,
        /// How often it changed hands.
        lease_transitions "leaseTransitions": Option<i32>,
        /// Who is preferred.
        preferred_holder "preferredHolder": Option<Name>,
        /// When it was last renewed.
        renew_time "renewTime": MicroTime,
        /// How the holder is chosen.
        strategy "strategy": Option<Name>,
    }
}

/// An instant that is written with its microseconds, as leases do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MicroTime(pub Time);

impl crate::Field for MicroTime {
    const TYPE: crate::Type = crate::Type::Time;
    const GO: &'static str = "v1.MicroTime";
    fn encode(&self) -> Option<crate::Value> {
        (self.0 != Time::ZERO).then(|| crate::Value::String(self.0.rfc3339_micro().into()))
    }
    fn decode(value: &crate::Value, at: &mut crate::Decode) -> MicroTime {
        MicroTime(Time::decode(value, at))
    }
}

/// The label of a slice that names its Service.
pub const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

impl EndpointSlice {
    /// The name of the Service whose endpoints it lists.
    pub fn service_name(&self) -> Option<&Name> {
        self.metadata.labels.get(SERVICE_NAME_LABEL)
    }
}

impl Service {
    pub fn is_headless(&self) -> bool {
        &*self.spec.cluster_ip == "None"
    }
}
