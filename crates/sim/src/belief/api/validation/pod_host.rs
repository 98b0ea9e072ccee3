//! What a pod wants of its host: ports.
//!
//! Upstream: `pkg/apis/core/validation` (`checkHostPortConflicts`, `validatePodHostNetworkDeps`).

use super::field::{Errors, Path};
use petri_objects::*;

/// Two containers cannot have one port of the host.
pub(super) fn conflicts(errors: &mut Errors, containers: &[Container], path: &Path<'_>) {
    let mut taken: Vec<String> = Vec::new();
    for (i, container) in containers.iter().enumerate() {
        let path = path.index(i);
        let ports = path.key("ports");
        for (i, port) in container.ports.iter().enumerate().filter(|(_, port)| port.host_port != 0) {
            let name = format!("{}/{}/{}", port.protocol, port.host_ip, port.host_port);
            if taken.contains(&name) {
                errors.duplicate(&ports.index(i).key("hostPort"), &name);
            }
            taken.push(name);
        }
    }
}

/// Who shares the host's network has its ports.
pub(super) fn host_network(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    if !spec.host_network {
        return;
    }
    let list = path.key("containers");
    for (i, container) in spec.containers.iter().enumerate() {
        let path = list.index(i);
        let ports = path.key("ports");
        // A port that is not named is filled in for pods.
        let differs = |port: &ContainerPort| port.host_port != 0 && port.host_port != port.container_port;
        for (i, port) in container.ports.iter().enumerate().filter(|(_, port)| differs(port)) {
            let path = ports.index(i);
            let detail = "must match `containerPort` when `hostNetwork` is true";
            errors.invalid(&path.key("hostPort"), port.host_port.to_string(), detail);
        }
    }
}
