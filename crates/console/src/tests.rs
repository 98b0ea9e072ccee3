//! Lines against a live cluster: text in, text out.

use super::*;
use petri_objects::{Kind, ObjectRef, Span, Taint, Time, Value};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::{Command, Component, Direction, Probed, Propagation, StoragePart};
use petri_sim::words::controller_id::ControllerId;
use petri_sim::words::note::Answer;
use petri_sim::world::World;
use std::collections::BTreeMap;

const WEB: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web }
spec:
  serviceName: web
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: nginx, image: 'nginx:1.25' }] }
";

const NGINX: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: nginx }
spec:
  replicas: 2
  selector: { matchLabels: { app: nginx } }
  template:
    metadata: { labels: { app: nginx } }
    spec: { containers: [{ name: nginx, image: 'nginx:1.25' }] }
";

fn files() -> BTreeMap<String, String> {
    let budget = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { minAvailable: 2, selector: { matchLabels: { app: web } } }
";
    [
        ("web.yaml", WEB),
        ("nginx.yaml", NGINX),
        ("budget.yaml", budget),
        ("broken.yaml", "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: x }\nspec: { foo: 1 }\n"),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .collect()
}

fn calm() -> Timeline {
    Timeline::new(Recording::new(Scenario::standard(), 1))
}

/// A cluster in which these lines went well.
fn after(lines: &str) -> Timeline {
    let mut timeline = calm();
    let out = run(lines, &mut timeline, &files());
    assert_eq!(out.code, 0, "{}", out.shown());
    timeline
}

fn say(timeline: &mut Timeline, line: &str) -> String {
    run(line, timeline, &files()).shown()
}

/// Runs lines and compares what the last one shows.
fn check(before: &str, line: &str, expected: &str) {
    let mut timeline = after(before);
    assert_eq!(say(&mut timeline, line), expected, "{line}");
}

const RUNNING: &str = "kubectl apply -f web.yaml; run until sts/web Ready";

#[test]
fn every_command_reads_back_from_its_own_line() {
    let pod = ObjectRef::new(Kind::Pod, "default", "web-0");
    let set = ObjectRef::new(Kind::StatefulSet, "default", "web");
    let taint =
        |value: &str| Taint { key: "key".into(), value: value.into(), effect: "NoExecute".into(), ..Taint::default() };
    let patch =
        petri_manifest::parse("{spec: {template: {metadata: {labels: {a: 'it is'}}}}}").documents[0].value.clone();
    let commands = [
        Command::Scale { target: set.clone(), replicas: 1 },
        Command::Patch { target: set, patch, status: false },
        Command::Cordon { node: "node-1".into(), on: true },
        Command::Cordon { node: "node-1".into(), on: false },
        Command::Taint { node: "node-1".into(), add: vec![taint("v")], remove: vec![] },
        Command::Taint { node: "node-1".into(), add: vec![], remove: vec![taint("")] },
        Command::Cut { node: "node-1".into() },
        Command::Heal { node: "node-1".into() },
        Command::StopKubelet { node: "node-1".into() },
        Command::StartKubelet { node: "node-1".into() },
        Command::PowerOff { node: "node-1".into() },
        Command::PowerOn { node: "node-1".into() },
        Command::Reboot { node: "node-1".into() },
        Command::AddMachine { node: "node-9".into(), zone: "c".into() },
        Command::SetClock { node: "node-1".into(), percent: 200, ahead_seconds: 0 },
        Command::SetClock { node: "node-1".into(), percent: 100, ahead_seconds: 3600 },
        Command::SetClock { node: "node-1".into(), percent: 100, ahead_seconds: -60 },
        Command::CutOneWay { node: "node-1".into(), lost: Direction::Outgoing },
        Command::CutOneWay { node: "node-1".into(), lost: Direction::Incoming },
        Command::CutZone { zone: "b".into() },
        Command::HealZone { zone: "b".into() },
        Command::Part { node: "node-1".into(), other: "node-0".into(), on: true },
        Command::Part { node: "node-1".into(), other: "node-0".into(), on: false },
        Command::DelayLink { node: "node-1".into(), latency: Span::millis(1_250) },
        Command::Pause { pod: pod.clone(), span: Span::seconds(90) },
        Command::FailProbe { pod: pod.clone(), probe: Probed::Readiness, on: true },
        Command::FailProbe { pod: pod.clone(), probe: Probed::Liveness, on: false },
        Command::SlowStart { pod: pod.clone(), span: Span::minutes(2) },
        Command::SlowStop { pod: pod.clone(), span: Span::seconds(45) },
        Command::RestartComponent { component: Component::ApiServer },
        Command::PauseController { controller: ControllerId::Scheduler, on: true },
        Command::PauseController { controller: ControllerId::Scheduler, on: false },
        Command::DelayCache { controller: ControllerId::StatefulSet, by: Span::seconds(10) },
        Command::DelayEtcd { by: Span::millis(300) },
        Command::Hang { pod: pod.clone(), on: true },
        Command::Hang { pod: pod.clone(), on: false },
        Command::Crash { pod: pod.clone(), exit_code: 3 },
        Command::CrashController { controller: ControllerId::StatefulSet },
        Command::HoldCache { controller: ControllerId::Scheduler, on: true },
        Command::HoldCache { controller: ControllerId::Scheduler, on: false },
        Command::LoseReply { controller: ControllerId::StatefulSet },
        Command::FailStorage { part: StoragePart::Provisioner, on: true },
        Command::FailStorage { part: StoragePart::Provisioner, on: false },
        Command::FailStorage { part: StoragePart::Attach, on: true },
        Command::FailStorage { part: StoragePart::Attach, on: false },
        Command::FailStorage { part: StoragePart::Detach, on: true },
        Command::FailStorage { part: StoragePart::Detach, on: false },
        Command::StopComponent { component: Component::ApiServer },
        Command::StartComponent { component: Component::Scheduler },
        Command::Evict { pod: pod.clone(), grace_seconds: None },
        Command::Delete { target: pod.clone(), grace_seconds: Some(5), propagation: Propagation::Orphan },
        Command::Delete { target: pod, grace_seconds: Some(0), propagation: Propagation::Background },
    ];
    for command in commands {
        let mut timeline = after(RUNNING);
        if let Command::Taint { remove, .. } = &command
            && !remove.is_empty()
        {
            say(&mut timeline, "kubectl taint nodes node-1 key:NoExecute");
        }
        let before = timeline.recording().commands.len();
        let out = run(&command.line(), &mut timeline, &files());
        // What cannot be done now is still sent.
        let sent = timeline.recording().commands.get(before).map(|stamped| (*stamped.command).clone());
        if let (Command::Cordon { on: false, .. }, None) = (&command, &sent) {
            assert_eq!(out.stdout, "node/node-1 already uncordoned\n");
            continue;
        }
        assert_eq!(sent, Some(command.clone()), "{}: {}", command.line(), out.shown());
    }
}

#[test]
fn nothing_found_is_said_on_stderr() {
    let mut timeline = calm();
    let out = run("kubectl get pods", &mut timeline, &files());
    assert_eq!((out.stdout.as_str(), out.stderr.as_str()), ("", "No resources found in default namespace.\n"));
    assert_eq!((out.code, say(&mut timeline, "kubectl get pv")), (0, "No resources found\n".into()));
    assert_eq!(say(&mut timeline, "kubectl get pods -A"), "No resources found\n");
    assert_eq!(say(&mut timeline, "kubectl get sts,pods -n web"), "No resources found in web namespace.\n");
}

#[test]
fn missing_objects_and_unknown_words_get_kubectls_words() {
    let mut timeline = calm();
    for (line, expected) in [
        ("kubectl get pod x", "Error from server (NotFound): pods \"x\" not found\n"),
        ("kubectl get foo", "error: the server doesn't have a resource type \"foo\"\n"),
        ("kubectl delete sts x", "Error from server (NotFound): statefulsets.apps \"x\" not found\n"),
        ("kubectl delete pods", "error: resource(s) were provided, but no name was specified\n"),
        ("kubectl delete pods --all", "No resources found\n"),
        ("kubectl frobnicate", "error: unknown command \"frobnicate\" for \"kubectl\"\n"),
        ("kubectl apply", "error: must specify one of -f and -k\n"),
        ("kubectl apply -f none.yaml", "error: the path \"none.yaml\" does not exist\n"),
        (
            "kubectl scale sts web --replicas=-1",
            "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0\n",
        ),
        ("kubectl cordon nowhere", "Error from server (NotFound): nodes \"nowhere\" not found\n"),
        ("cut nowhere", "error: there is no machine \"nowhere\"\n"),
        (
            "cut",
            "error: this is said as: cut NODE or cut NODE --outgoing|--incoming or cut NODE NODE or cut zone ZONE\n",
        ),
        ("sudo frobnicate", "error: unknown command \"frobnicate\"; `help` lists what can be said here\n"),
    ] {
        let out = run(line, &mut timeline, &files());
        assert_eq!(out.shown(), expected, "{line}");
        assert_eq!(out.code, i32::from(!expected.starts_with("No ")), "{line}");
    }
}

#[test]
fn apply_says_what_it_did_and_create_refuses_what_exists() {
    let mut timeline = calm();
    assert_eq!(say(&mut timeline, "kubectl apply -f web.yaml"), "statefulset.apps/web created\n");
    assert_eq!(say(&mut timeline, "kubectl apply -f web.yaml"), "statefulset.apps/web unchanged\n");
    let more = format!("kubectl apply -f - <<EOF\n{}\nEOF", WEB.replace("replicas: 2", "replicas: 3"));
    assert_eq!(say(&mut timeline, &more), "statefulset.apps/web configured\n");
    assert_eq!(
        say(&mut timeline, "kubectl create -f web.yaml"),
        "Error from server (AlreadyExists): error when creating \"web.yaml\": statefulsets.apps \"web\" already exists\n"
    );
    assert_eq!(
        say(&mut timeline, "kubectl apply -f broken.yaml"),
        "Error from server (BadRequest): error when creating \"broken.yaml\": StatefulSet in version \"v1\" cannot be \
         handled as a StatefulSet: strict decoding error: unknown field \"spec.foo\"\n"
    );
}

#[test]
fn several_field_errors_stand_below_each_other() {
    let mut timeline = after("kubectl apply -f web.yaml");
    let changed = format!("kubectl apply -f - <<EOF\n{}\nEOF", WEB.replace("serviceName: web", "serviceName: other"));
    let shown = say(&mut timeline, &changed);
    assert!(
        shown.starts_with("The StatefulSet \"web\" is invalid: spec: Forbidden: updates to statefulset spec"),
        "{shown}"
    );
}

#[test]
fn several_kinds_are_prefixed_and_stand_apart() {
    check(
        RUNNING,
        "kubectl get sts,pods --no-headers -o wide; kubectl get pods -o name; kubectl get pod/web-0 -o jsonpath='{.metadata.name}{\"\\n\"}'",
        "statefulset.apps/web   2/2   7s    nginx   nginx:1.25\n\
         pod/web-0   1/1   Running   0     7s    10.244.2.3   node-2   <none>   <none>\n\
         pod/web-1   1/1   Running   0     4s    10.244.0.3   node-0   <none>   <none>\n\
         pod/web-0\npod/web-1\nweb-0\n",
    );
}

#[test]
fn yaml_has_its_keys_in_order_and_several_objects_are_a_list() {
    let mut timeline = after(RUNNING);
    let one = say(&mut timeline, "kubectl get sts web -o yaml");
    assert!(one.starts_with("apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n"), "{one}");
    let list = say(&mut timeline, "kubectl get pods -o yaml");
    assert!(list.starts_with("apiVersion: v1\nitems:\n- apiVersion: v1\n"), "{list}");
    assert!(list.ends_with("kind: List\nmetadata:\n  resourceVersion: \"\"\n"), "{list}");
}

#[test]
fn a_deletion_waits_until_the_object_is_gone() {
    let mut timeline = after(RUNNING);
    let key = petri_sim::belief::api::shelf::Key::new("default", "web-1");
    let uid = |timeline: &Timeline| timeline.world().objects().pods.get(&key).map(|pod| pod.metadata.uid);
    let (before, then) = (uid(&timeline), timeline.now());
    assert_eq!(say(&mut timeline, "kubectl delete pod web-1"), "pod \"web-1\" deleted from default namespace\n");
    assert_ne!(uid(&timeline), before);
    assert!(timeline.now() > then);
    let then = timeline.now();
    say(&mut timeline, "kubectl delete pod web-0 --wait=false");
    assert_eq!(timeline.now(), then);
}

#[test]
fn a_wait_without_end_is_given_up() {
    let mut timeline = after(&format!("{RUNNING}; cut node-0; run 1m"));
    assert_eq!(
        say(&mut timeline, "kubectl delete pod web-1 --timeout=30s"),
        "error: timed out waiting for the condition on pods/web-1\npod \"web-1\" deleted from default namespace\n"
    );
    let out = run("kubectl delete pod web-1", &mut timeline, &files());
    assert_eq!(out.stderr, "^C (waited 10m0s for pod/web-1 to be gone)\n");
    assert_eq!(out.code, 130);
    // What the line says itself goes before that.
    let then = timeline.now();
    let out = run("kubectl wait --for=delete pod/web-1 --timeout=1h", &mut timeline, &files());
    assert_eq!(out.shown(), "error: timed out waiting for the condition on pods/web-1\n");
    assert_eq!(timeline.now().since(then), Span::minutes(60));
    assert_eq!(run("timeout 5s kubectl wait --for=delete pod/web-1", &mut timeline, &files()).code, 124);
}

/// A host whose lines do not wait by themselves, as in the page.
struct Impatient(Timeline);

impl Host for Impatient {
    fn world(&self) -> &World {
        self.0.world()
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        self.0.command(command)
    }
    fn says(&mut self, line: Option<String>) {
        self.0.says(line);
    }
    fn play_until(&mut self, time: Time) {
        self.0.play_until(time);
    }
    fn step(&mut self) -> bool {
        self.0.step()
    }
    fn patience(&self) -> Option<Span> {
        None
    }
}

#[test]
fn a_host_without_patience_follows_a_line_by_itself() {
    let mut host = Impatient(after(RUNNING));
    let out = run("kubectl delete pod web-1", &mut host, &files());
    assert_eq!(out.stdout, "pod \"web-1\" deleted from default namespace\n");
    let mut follow = out.follow.expect("the pod is not gone yet");
    assert_eq!(follow.waits_for(host.world()), "pod/web-1 to be gone");
    for _ in 0..10_000 {
        host.step();
        match poll(follow, &mut host, &files()).follow {
            Some(again) => follow = again,
            None => return,
        }
    }
    panic!("the pod never went");
}

/// Plays and asks a line until it is done, as the page does; answers all it said.
fn follow(host: &mut Impatient, line: &str) -> Output {
    let mut all = run(line, host, &files());
    while let Some(follow) = all.follow.take() {
        let next = host.world().next_due().unwrap_or(Time::MAX);
        match (follow.until(), follow.due()) {
            (Some(at), _) => host.play_until(at),
            (None, Some(due)) if due < next => host.play_until(due),
            _ => drop(host.step()),
        }
        all.then(poll(follow, host, &files()));
    }
    all
}

#[test]
fn the_rest_of_a_line_waits_wherever_it_is_played() {
    let lines = [
        "cut node-1; run 60s; heal node-1",
        "run 10s; kubectl get nodes && run 5s && cut node-0",
        "kubectl delete pod web-1; run 10s; kubectl get pods",
        "kubectl delete pod web-1 web-9 && cut node-0; kubectl get pods",
        "kubectl rollout status sts/web && kubectl get sts",
        "kubectl wait pod/web-0 --for=condition=Nothing --timeout=5s || cut node-2; heal node-2",
        "timeout 5s timeout 1h run until pod/nobody Ready || cut node-2 && heal node-2",
        "kubectl drain node-1; step 1500; kubectl get nodes",
        "run 10s\nkubectl get nodes # a comment; cut node-0\ncut node-1",
        "unknown && cut node-0 || cut node-1",
    ];
    for line in lines {
        let mut patient = after(RUNNING);
        let expected = run(line, &mut patient, &files());
        let mut host = Impatient(after(RUNNING));
        let out = follow(&mut host, line);
        assert_eq!((out.stdout, out.code), (expected.stdout, expected.code), "{line}");
        assert_eq!(out.stderr, expected.stderr, "{line}");
        assert_eq!(host.0.recording(), patient.recording(), "{line}");
        assert_eq!(host.world().fingerprint(), patient.world().fingerprint(), "{line}");
    }
    let mut host = Impatient(after(RUNNING));
    let out = run("cut node-1; run 60s; heal node-1 && kubectl get nodes", &mut host, &files());
    let follow = out.follow.expect("it waits");
    assert_eq!(
        (follow.waits_for(host.world()), follow.then()),
        (follow.waits_for(host.world()), "heal node-1 && kubectl get nodes".into())
    );
    assert!(follow.moves_time() && follow.commands_left() == 2);
    assert_eq!(follow.until(), Some(host.world().now + Span::seconds(60)));
}

#[test]
fn a_patch_that_breaks_off_changes_nothing() {
    let mut timeline = after(RUNNING);
    let said = say(&mut timeline, "kubectl patch sts web -p '{\"spec\": {\"replicas\": 1}, \"metadata\": {'");
    assert!(said.starts_with("error: unable to parse \"{\\\"spec\\\""), "{said}");
    assert_eq!(timeline.recording().commands.len(), 1);
    let said = say(&mut timeline, &format!("kubectl patch sts web -p '{{\"a\": \"{}\"}}'", "a".repeat(600_000)));
    assert!(said.contains("Petri reads at most 512 kB"));
}

#[test]
fn the_words_of_a_line_say_how_long_it_waits() {
    let mut timeline = calm();
    let begun = timeline.now();
    let out = run("timeout 20m run until pod/nobody Ready", &mut timeline, &files());
    assert_eq!((timeline.now().since(begun), out.code), (Span::minutes(20), 124));
    let out = run("run until pod/nobody Ready", &mut timeline, &files());
    assert_eq!((timeline.now().since(begun), out.code), (Span::minutes(30), 130));
    assert_eq!(out.stderr, "^C (waited 10m0s for pod/nobody Ready)\n");
    assert_eq!(
        say(&mut timeline, "run 169h"),
        "error: Petri plays at most 7 days of virtual time in one run, and this is 30:00.000 after its start.\n"
    );
    assert_eq!(say(&mut timeline, "step 50001"), "error: step plays at most 50,000 events at one go\n");
    assert_eq!(say(&mut timeline, "step 18446744073709551615"), "error: step plays at most 50,000 events at one go\n");
}

#[test]
fn rollouts_are_watched_taken_back_paused_and_repeated() {
    let mut timeline = after("kubectl apply -f nginx.yaml; run until deploy/nginx Ready");
    assert_eq!(
        say(&mut timeline, "kubectl set image deploy/nginx nginx=nginx:1.26"),
        "deployment.apps/nginx image updated\n"
    );
    let status = say(&mut timeline, "kubectl rollout status deploy/nginx");
    assert!(status.starts_with("Waiting for deployment"), "{status}");
    assert!(status.ends_with("deployment \"nginx\" successfully rolled out\n"), "{status}");
    assert_eq!(
        say(&mut timeline, "kubectl rollout history deploy/nginx"),
        "deployment.apps/nginx \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n"
    );
    let shown = say(&mut timeline, "kubectl rollout undo deploy/nginx");
    assert!(
        shown.starts_with("Warning: resource deployments/nginx was previously managed with 'kubectl apply'."),
        "{shown}"
    );
    assert!(shown.ends_with("\ndeployment.apps/nginx rolled back\n"), "{shown}");
    say(&mut timeline, "kubectl rollout status deploy/nginx");
    assert_eq!(
        say(&mut timeline, "kubectl get deploy nginx -o jsonpath={.spec.template.spec.containers[0].image}"),
        "nginx:1.25"
    );
    let shown = say(&mut timeline, "kubectl rollout undo deploy/nginx --to-revision=9");
    assert!(shown.ends_with("\nerror: unable to find specified revision 9 in history\n"), "{shown}");
    assert_eq!(say(&mut timeline, "kubectl rollout pause deploy/nginx"), "deployment.apps/nginx paused\n");
    assert_eq!(
        say(&mut timeline, "kubectl rollout pause deploy/nginx"),
        "error: deployments.apps \"nginx\" is already paused\n"
    );
    assert_eq!(say(&mut timeline, "kubectl rollout resume deploy/nginx"), "deployment.apps/nginx resumed\n");
    assert_eq!(say(&mut timeline, "kubectl rollout restart deploy/nginx"), "deployment.apps/nginx restarted\n");
    assert!(say(&mut timeline, "kubectl rollout restart deploy/nginx").contains("within the past second"));
}

#[test]
fn a_stateful_set_is_rolled_back_to_the_revision_before() {
    let mut timeline = after(RUNNING);
    let shown = say(&mut timeline, "kubectl rollout undo sts/web");
    assert!(shown.ends_with("\nerror: no last revision to roll back to\n"), "{shown}");
    say(&mut timeline, "kubectl set image sts/web nginx=nginx:1.26; kubectl rollout status sts/web");
    let shown = say(&mut timeline, "kubectl rollout undo sts/web");
    assert!(shown.ends_with("\nstatefulset.apps/web rolled back\n"), "{shown}");
    say(&mut timeline, "kubectl rollout status sts/web");
    assert_eq!(
        say(
            &mut timeline,
            "kubectl get pods -L controller-revision-hash --no-headers -o custom-columns=I:.spec.containers[0].image"
        ),
        "nginx:1.25\nnginx:1.25\n"
    );
    assert_eq!(
        say(&mut timeline, "kubectl rollout pause sts/web"),
        "error: statefulsets.apps \"web\" pausing is not supported\n"
    );
}

#[test]
fn labels_annotations_and_patches_say_what_changed() {
    let mut timeline = after(RUNNING);
    for (line, expected) in [
        ("kubectl label pod web-0 tier=front", "pod/web-0 labeled\n"),
        ("kubectl label pod web-0 tier=front", "pod/web-0 not labeled\n"),
        ("kubectl label pod web-0 tier=back", "error: 'tier' already has a value (front), and --overwrite is false\n"),
        ("kubectl label pod web-0 tier-", "pod/web-0 unlabeled\n"),
        ("kubectl annotate sts/web a=b", "statefulset.apps/web annotated\n"),
        ("kubectl patch sts web --type=merge -p '{\"spec\":{\"replicas\":1}}'", "statefulset.apps/web patched\n"),
        ("kubectl patch sts web -p '{\"spec\":{\"replicas\":1}}'", "statefulset.apps/web patched (no change)\n"),
        ("kubectl taint nodes node-1 key=v:NoExecute", "node/node-1 tainted\n"),
        ("kubectl taint nodes node-1 key-", "node/node-1 untainted\n"),
        ("kubectl cordon node-1", "node/node-1 cordoned\n"),
        ("kubectl cordon node-1", "node/node-1 already cordoned\n"),
        ("kubectl uncordon node-1", "node/node-1 uncordoned\n"),
        ("kubectl scale sts web --replicas=4 --current-replicas=3", "error: Expected replicas to be 3, was 1\n"),
    ] {
        assert_eq!(say(&mut timeline, line), expected, "{line}");
    }
}

#[test]
fn a_drain_evicts_as_far_as_the_budget_allows() {
    let mut timeline = after(RUNNING);
    let shown = say(&mut timeline, "kubectl drain node-0");
    assert_eq!(shown, "node/node-0 cordoned\nevicting pod default/web-1\npod/web-1 evicted\nnode/node-0 drained\n");
    say(&mut timeline, "kubectl uncordon node-0; run until sts/web Ready; kubectl apply -f budget.yaml; run 5s");
    let shown = say(&mut timeline, "kubectl drain node-2 --timeout=12s");
    let refused = "error when evicting pods/\"web-0\" -n \"default\" (will retry after 5s): Cannot evict pod as it would \
                   violate the pod's disruption budget.\n";
    assert!(shown.contains(refused), "{shown}");
    assert!(shown.contains("global timeout reached: 12s"), "{shown}");
}

#[test]
fn a_watch_prints_a_row_for_every_change() {
    let mut timeline = after(RUNNING);
    let shown = say(&mut timeline, "kubectl delete pod web-1 --wait=false; timeout 20s kubectl get pods -w");
    let rows: Vec<&str> = shown.lines().filter(|line| line.starts_with("web-1")).collect();
    let statuses: Vec<&str> = rows.iter().filter_map(|row| row.split_whitespace().nth(2)).collect();
    assert_eq!(statuses.first(), Some(&"Terminating"));
    assert_eq!(statuses.last(), Some(&"Running"), "{shown}");
    assert!(statuses.contains(&"Pending") && statuses.contains(&"ContainerCreating"), "{shown}");
}

#[test]
fn dig_answers_in_its_own_layout() {
    let service = "kubectl apply -f - <<EOF\napiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { clusterIP: None, selector: { app: web }, ports: [{ name: http, port: 80 }] }\nEOF";
    let mut timeline = after(service);
    say(&mut timeline, &format!("{RUNNING}; run 5s"));
    assert_eq!(say(&mut timeline, "dig web-0.web +search +short"), "10.244.2.3\n");
    let long = say(&mut timeline, "dig web-0.web.default.svc.cluster.local");
    assert!(long.contains(";; ->>HEADER<<- opcode: QUERY, status: NOERROR\n"), "{long}");
    assert!(long.contains("\nweb-0.web.default.svc.cluster.local.\t30\tIN\tA\t10.244.2.3\n"), "{long}");
    let missing = say(&mut timeline, "dig web-7.web.default.svc.cluster.local");
    assert!(missing.contains("status: NXDOMAIN") && missing.contains(";; AUTHORITY SECTION:"), "{missing}");
    let srv = say(&mut timeline, "dig _http._tcp.web.default.svc.cluster.local SRV +short");
    assert!(srv.starts_with("0 ") && srv.contains(" web-0.web."), "{srv}");
    assert_eq!(
        say(&mut timeline, "dig SRV _http._tcp.web.default.svc.cluster.local +short"),
        srv,
        "the type may come first"
    );
    assert!(say(&mut timeline, "dig a +search").contains(";a.\tIN\tA\n"), "a name that is a type's");
    assert!(say(&mut timeline, "dig a SRV").contains(";a.\tIN\tSRV\n"), "and a type behind it");
    assert!(say(&mut timeline, "dig -t SRV a").contains(";a.\tIN\tSRV\n"), "or before it");
    assert!(say(&mut timeline, "dig web SRV A").contains(";web.\tIN\tA\n"), "the last type counts");
    assert!(say(&mut timeline, "dig -x 10.244.2.3").contains(";3.2.244.10.in-addr.arpa.\tIN\tPTR\n"));
    assert_eq!(say(&mut timeline, "dig"), "dig: which name? For example: dig web-0.web.default.svc.cluster.local\n");
}

#[test]
fn time_is_run_and_stepped() {
    let mut timeline = calm();
    let start = timeline.now();
    assert_eq!(say(&mut timeline, "run 90s"), "");
    assert_eq!(timeline.now().since(start), Span::seconds(90));
    assert!(say(&mut timeline, "step").contains("after the start, event "));
    assert_eq!(say(&mut timeline, "run soon"), "error: invalid duration \"soon\"\n");
    let out = run("run until pod/web-0 Ready --timeout=5s", &mut timeline, &files());
    assert_eq!((out.shown().as_str(), out.code), ("error: timed out waiting for pod/web-0 Ready\n", 1));
}

#[test]
fn the_right_side_of_two_ampersands_needs_success_on_the_left() {
    let mut timeline = calm();
    assert_eq!(
        say(&mut timeline, "get pod x && get nodes -o name"),
        "Error from server (NotFound): pods \"x\" not found\n"
    );
    assert!(say(&mut timeline, "get pod x; get node node-0 -o name").ends_with("node/node-0\n"));
}

#[test]
fn completion_knows_verbs_names_and_flags() {
    let timeline = after(RUNNING);
    let complete = |line: &str| complete(line, line.len(), timeline.world());
    assert_eq!(complete("kubectl des"), ["describe"]);
    assert_eq!(complete("kubectl get pods web-"), ["web-0", "web-1"]);
    assert_eq!(complete("kubectl delete pod/"), ["pod/web-0", "pod/web-1"]);
    assert_eq!(complete("cut node-"), ["node-0", "node-1", "node-2", "node-3"]);
    assert_eq!(complete("kubectl delete pod web-0 --fo"), ["--force"]);
    assert_eq!(complete("run until pod/web-1 T"), ["Terminating"]);
    assert_eq!(complete("hold cache stateful"), ["statefulset-controller"]);
    assert_eq!(complete("hold "), ["attach", "cache", "detach"]);
    assert_eq!(complete("stop pro"), ["provisioner"]);
    assert_eq!(complete("cut node-1; hea"), ["heal"]);
    assert_eq!(complete("dig web-0"), Vec::<String>::new());
}

#[test]
fn explain_and_help_know_the_types_and_verbs() {
    let mut timeline = calm();
    let explained = say(&mut timeline, "kubectl explain sts.spec.updateStrategy");
    let head = "GROUP:      apps\nKIND:       StatefulSet\nVERSION:    v1\n\nFIELD: updateStrategy <StatefulSetUpdateStrategy>\n\n\nDESCRIPTION:\n";
    assert!(explained.starts_with(head), "{explained}");
    assert!(explained.contains("\n  rollingUpdate\t<RollingUpdateStatefulSetStrategy>\n"), "{explained}");
    let unknown = say(&mut timeline, "kubectl explain sts.spec.foo");
    assert!(unknown.starts_with("error: field \"foo\" does not exist\nGROUP:      apps\n"), "{unknown}");
    assert!(say(&mut timeline, "help").contains("cut NODE"));
    let resources = say(&mut timeline, "kubectl api-resources");
    let head: Vec<&str> = resources.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]);
    assert!(resources.lines().any(|line| line.starts_with("secrets ") && line.ends_with(" Secret")), "{resources}");
}

#[test]
fn values_do_not_hide_behind_the_type() {
    // A patch whose text is no map is refused before it is sent.
    let mut timeline = after(RUNNING);
    let before = timeline.recording().commands.len();
    assert_eq!(
        say(&mut timeline, "kubectl patch sts web -p '[1]'"),
        "Error from server (BadRequest): json: cannot unmarshal array into Go value of type map[string]interface {}\n"
    );
    assert_eq!(timeline.recording().commands.len(), before);
    assert_eq!(Value::from("x").as_str(), Some("x"));
}

#[test]
fn a_timeout_also_ends_a_run() {
    let mut timeline = calm();
    let start = timeline.now();
    assert_eq!(run("timeout 5s run until pod/web-0 Ready", &mut timeline, &files()).code, 124);
    assert_eq!(timeline.now().since(start), Span::seconds(5));
}

#[test]
fn edit_hands_the_object_to_an_editor() {
    let mut timeline = after(RUNNING);
    let out = run("kubectl edit sts/web", &mut timeline, &files());
    let (name, text) = out.open_in_editor.clone().unwrap();
    assert_eq!(name, "web.yaml");
    assert!(
        out.stdout
            .starts_with("# Change it in the editor and apply it: kubectl apply -f web.yaml\napiVersion: apps/v1\n")
    );
    assert!(!text.contains("status:") && !text.contains("resourceVersion"), "{text}");
    let edited = BTreeMap::from([(name, text.replace("replicas: 2", "replicas: 3"))]);
    assert_eq!(run("kubectl apply -f web.yaml", &mut timeline, &edited).shown(), "statefulset.apps/web configured\n");
    assert_eq!(
        say(&mut timeline, "kubectl edit sts/none"),
        "Error from server (NotFound): statefulsets.apps \"none\" not found\n"
    );
}

#[test]
fn what_the_simulation_adds_stands_apart_from_what_kubectl_says() {
    let volume = "{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {accessModes: [ReadWriteOnce], \
                  capacity: {storage: 1Gi}, hostPath: {path: /x}}}";
    let out = run("kubectl apply -f v.yaml", &mut calm(), &BTreeMap::from([("v.yaml".to_owned(), volume.to_owned())]));
    assert_eq!((&*out.stdout, &*out.stderr), ("persistentvolume/v created\n", ""));
    assert_eq!(out.notes, "Warning: spec.hostPath is accepted, but has no effect in the simulation\n");
    assert!(out.shown().starts_with("Warning: spec.hostPath"));
}

#[test]
fn what_a_program_did_is_played_again_alike() {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    let mut shell = crate::Session::default();
    for line in [
        "kubectl run web --image=nginx",
        "run 20s",
        "kubectl exec web -- sh -c 'echo a > /usr/share/nginx/html/a; mkdir -p /data/b; chmod 600 /etc/hostname'",
        "kubectl exec web -- rm /usr/share/nginx/html/index.html",
        "run 5s",
        "kubectl exec web -- kill 1",
        "run 30s",
    ] {
        let out = shell.run(line, &mut timeline, &files());
        assert_eq!(out.code, 0, "{line}: {}", out.shown());
    }
    let commands = timeline.recording().commands.iter().filter(|own| matches!(*own.command, Command::Exec { .. }));
    assert_eq!(commands.count(), 3, "each program is one command");
    let json = timeline.shared().to_json();
    let shared = petri_sim::story::shared::Shared::from_json(&json).expect("it was just written");
    let mut again = Timeline::new(shared.recording);
    again.play_until(timeline.now());
    assert_eq!(again.world().fingerprint(), timeline.world().fingerprint());
    let own = shell.run("kubectl exec web -- cat /usr/share/nginx/html/a", &mut timeline, &files());
    assert_eq!(own.code, 1, "the container was restarted, and begins with its image: {}", own.shown());
}

#[test]
fn what_takes_too_much_is_bounded_and_changes_nothing() {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    let mut shell = crate::Session::default();
    for line in ["kubectl run web --image=nginx", "run 20s"] {
        shell.run(line, &mut timeline, &files());
    }
    let before = timeline.recording().commands.len();
    for (line, said) in [
        ("kubectl exec web -- sh -c 'yes > /srv/x; head -c 100M /dev/zero > /srv/y'", "No space left on device"),
        ("kubectl exec web -- dd if=/dev/zero of=/y bs=1M count=100", "No space left on device"),
        ("kubectl exec web -- sh -c 'while true; do :; done'", "a line runs at most 5,000 commands"),
        ("kubectl exec web -- sh -c 'echo $(sh -c \"$0\")' 'echo'", ""),
        ("kubectl exec web -- sh -c \"echo 'a\"", "a quote does not end"),
        ("x=$(yes); while true; do x=$x$x; done", "a variable has at most"),
        ("seq 200000 | cat | cat | wc -l", "at most 100,000 lines"),
    ] {
        let out = shell.run(line, &mut timeline, &files());
        assert!(out.shown().contains(said), "{line}: {}", out.shown());
    }
    let added = timeline.recording().commands.len() - before;
    assert!(added <= 1, "only what fitted was kept: {added}");
}
