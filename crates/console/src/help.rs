//! `help`.

/// How each verb of the simulator is said, and what it does.
const VERBS: &[(&str, &str, &str)] = &[
    ("run", "run 60s", "play so much virtual time"),
    (
        "run",
        "run until pod/web-1 Ready",
        "play until then: Ready, NotReady, gone, exists or a word of the STATUS column",
    ),
    ("step", "step [COUNT]", "play the next event"),
    ("timeout", "timeout 60s COMMAND", "end a command that waits for longer"),
    ("cut", "cut NODE", "cut a machine off from the control plane; its processes run on"),
    ("cut", "cut NODE --outgoing|--incoming", "lose what it sends, or what is sent to it"),
    ("cut", "cut NODE NODE", "two machines do not reach each other; the control plane reaches both"),
    ("cut", "cut zone ZONE", "cut every machine of a zone off"),
    ("heal", "heal NODE", "undo everything that is wrong with a machine's links"),
    ("heal", "heal NODE NODE", "two machines reach each other again"),
    ("heal", "heal zone ZONE", "heal every machine of a zone"),
    ("delay", "delay link NODE 200ms", "packets to and from a machine take so long, each way; 0s undoes it"),
    ("power", "power off|on NODE", "take a machine's power, or give it back"),
    ("reboot", "reboot NODE", "off, and on again"),
    ("stop", "stop kubelet NODE", "stop the kubelet; containers run on, unsupervised"),
    ("start", "start kubelet NODE", "start it again"),
    ("stop", "stop kube-apiserver", "stop a process of the control plane: API server, controller manager, scheduler"),
    ("start", "start kube-apiserver", "start it again"),
    ("restart", "restart kube-apiserver", "stop it, and start it again after 5 s"),
    ("delay", "delay etcd 2s", "every write takes so long to commit; 0s undoes it"),
    ("stop", "stop provisioner", "nobody makes or deletes disks; those that exist work on"),
    ("start", "start provisioner", "it works off what waits"),
    ("read-only", "read-only DISK", "a disk refuses every write, and no object tells; a claim's name will do"),
    ("read-write", "read-write DISK", "it takes writes again"),
    ("add", "add machine NAME --zone=ZONE", "add a machine that registers itself"),
    ("crash", "crash POD [--exit-code=1]", "end the pod's processes"),
    ("crash", "crash controller NAME", "a controller forgets what it knew and starts again"),
    ("hang", "hang POD", "its processes run on and do not answer"),
    ("unhang", "unhang POD", "they answer again"),
    ("pause", "pause POD 20s", "its processes stand still for so long, as in a long garbage collection"),
    ("resume", "resume POD", "they go on before that"),
    ("fail", "fail readiness|liveness POD", "its processes answer such probes badly until they are restarted"),
    ("pass", "pass readiness|liveness POD", "they answer them as they do by themselves"),
    ("slow", "slow start POD 60s", "from its next start on it first answers after so long; 0s undoes it"),
    ("slow", "slow stop POD 60s", "its processes take so long from SIGTERM to exit"),
    ("evict", "evict POD", "ask for an eviction, which a disruption budget may forbid"),
    ("pause", "pause controller NAME", "a controller stands still"),
    ("resume", "resume controller NAME", "it goes on where it stood"),
    ("delay", "delay cache NAME 10s", "a controller sees the cluster as it was so long ago; 0s undoes it"),
    ("hold", "hold cache NAME", "a controller sees the cluster as it is now, and no newer"),
    ("release", "release cache NAME", "it sees the present again"),
    ("hold", "hold attach|detach", "the storage driver leaves requests to attach or detach disks unanswered"),
    ("release", "release attach|detach", "it answers again"),
    ("lose", "lose reply NAME", "the next answer to a write of a controller is lost"),
    ("why", "why KIND/NAME", "what the controllers wait for"),
    ("guarantees", "guarantees", "what the cluster promises, measured on the machines"),
    ("processes", "processes", "what really runs, beside what the API server believes"),
    ("disks", "disks", "where disks are attached and who writes to them"),
    ("links", "links", "what the network does to each machine, and what is slow in the control plane"),
    ("workloads", "workloads", "what each process does, by its image or annotations"),
    ("locks", "locks [history]", "who holds which lock, who held it before, and how long nobody did"),
    ("ledger", "ledger DISK", "what a disk took and refused, from whom, in order; a claim's name will do"),
    ("calls", "calls", "how the calls of each client fared"),
    ("cache", "cache POD", "what the resolver of a pod remembers, and for how long"),
    ("clock", "clock NODE [--rate=200%] [--ahead=1h|--behind=1h]", "a machine's clock runs fast, slow, or is off"),
    ("undo", "undo", "take the last command back"),
    ("redo", "redo", "do what was taken back again"),
    ("reset", "reset", "go back to what the run began with; redo undoes it"),
    ("dig", "dig NAME [TYPE] [+short] [+search]", "ask the cluster's DNS"),
];

/// Which images can be pulled.
const IMAGES: &str = "image:\tany can be pulled, but for names with `bad` in them, tags that say that there is none (nope, \
    sometag, does-not-exist), and what well-known repositories cannot have (nginx:1.161, postgres:nope)\n";

/// How a verb is said.
pub(crate) fn usage(verb: &str) -> String {
    let all: Vec<&str> = VERBS.iter().filter(|(name, _, _)| *name == verb).map(|(_, usage, _)| *usage).collect();
    all.join(" or ")
}

pub(crate) fn text(words: &[String]) -> String {
    let wanted = words.first().map(String::as_str);
    let chosen: Vec<_> = VERBS.iter().filter(|(name, _, _)| wanted.is_none_or(|word| word == *name)).collect();
    let mut text = String::new();
    for (_, usage, doc) in chosen {
        text.push_str(&format!("{usage}\t{doc}\n"));
    }
    if matches!(wanted, Some("image" | "images")) {
        text.push_str(IMAGES);
    }
    if wanted.is_none() {
        text.push_str(
            "A; B\tB when A is over; && if A went well, || if it did not; apply -f - <<EOF takes lines up to EOF\n",
        );
        text.push_str(
            "A | B > F\tas a shell does: pipes, files of the editor, $NAME, $(A), for, while, if; echo, grep, sort, jq ...\n",
        );
        text.push_str("kubectl exec POD -- A\trun A in a container: what it writes lies where it was written\n");
        text.push_str(IMAGES);
        text.push_str("kubectl VERB\tas usual; `help kubectl` lists the verbs, and the word kubectl may be left out\n");
    }
    crate::columns::DESCRIBE.align(&text)
}
