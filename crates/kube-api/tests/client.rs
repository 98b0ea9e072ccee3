//! `kube`, the client library of Rust, finds the cluster as it finds any other: objects typed and by name, a watcher that
//! lives through a restart and through versions that are forgotten, a controller, owners of fields, evictions, and two
//! candidates for one Lease.

use futures_util::{Stream, StreamExt as _};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, DynamicObject, EvictParams, ListParams, Patch, PatchParams, PostParams, WatchParams};
use kube::core::{GroupVersionKind, WatchEvent};
use kube::runtime::controller::Action;
use kube::runtime::{Controller, WatchStreamExt as _, conditions, wait, watcher};
use kube::{Api, Client, Config, Error, ResourceExt as _};
use petri_kube_api::cluster::Cluster;
use petri_kube_api::serve::{self, Pace};
use petri_objects::Value;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// A minute in a second.
const QUICK: Pace = Pace::Times(60);
/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(60);

fn served(pace: Pace) -> (Client, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        let cluster = Cluster::new(Timeline::new(Recording::new(Scenario::standard(), 1)));
        serve::run(listener, cluster, pace, Box::new(|_| {}))
    });
    let url = format!("http://{address}").parse().expect("it is an address");
    // What is refused for now is to be seen, and not asked for again for minutes.
    let mut config = Config::new(url);
    config.default_retry = false;
    (Client::try_from(config).expect("a client needs no more"), address)
}

/// Asks for something that only this API server does.
fn petri(at: SocketAddr, what: &str, body: &Json) -> Value {
    let (mut stream, body) = (TcpStream::connect(at).expect("it listens"), body.to_string());
    let length = body.len();
    let head =
        format!("POST /petri/{what} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + &body).as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer.split_once("\r\n\r\n").and_then(|(_, body)| Value::from_json(body)).unwrap_or_default()
}

fn object<T: DeserializeOwned>(value: Json) -> T {
    serde_json::from_value(value).expect("it is written well")
}

fn pod(name: &str) -> Pod {
    object(json!({
        "metadata": { "name": name, "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "c", "image": "nginx" }] },
    }))
}

fn set(replicas: i32) -> StatefulSet {
    object(json!({
        "metadata": { "name": "web" },
        "spec": {
            "replicas": replicas,
            "serviceName": "web",
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "c", "image": "nginx" }] },
            },
        },
    }))
}

fn map(name: &str, data: Json) -> Json {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": data })
}

/// With which code and reason something is refused.
fn refusal<T>(outcome: kube::Result<T>) -> (u16, String) {
    match outcome {
        Err(Error::Api(status)) => (status.code, status.reason.clone()),
        Err(other) => panic!("no answer: {other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// Listens until an object of that name comes by.
async fn heard<T: kube::Resource>(stream: &mut (impl Stream<Item = watcher::Result<T>> + Unpin), name: &str) {
    let next = async {
        // What goes wrong is said as well, and the watcher begins anew.
        while !stream.next().await.expect("a watcher never ends").is_ok_and(|one| one.name_any() == name) {}
    };
    in_time(name, next).await;
}

#[tokio::test]
async fn objects_are_read_typed_and_by_name() {
    let (client, _) = served(QUICK);
    let (sets, pods) =
        (Api::<StatefulSet>::default_namespaced(client.clone()), Api::<Pod>::default_namespaced(client.clone()));
    let made = sets.create(&PostParams::default(), &set(2)).await.expect("it is created");
    assert_eq!(made.spec.as_ref().and_then(|spec| spec.pod_management_policy.as_deref()), Some("OrderedReady"));
    assert_eq!(refusal(sets.create(&PostParams::default(), &set(2)).await), (409, "AlreadyExists".into()));
    assert_eq!(refusal(sets.create(&PostParams::default(), &set(-1)).await), (422, "Invalid".into()));
    assert_eq!(refusal(pods.get("nobody").await), (404, "NotFound".into()));
    in_time("web-1", wait::await_condition(pods.clone(), "web-1", conditions::is_pod_running()))
        .await
        .expect("it runs");
    let listed = pods.list(&ListParams::default().labels("app=web").limit(1)).await.expect("it lists");
    let more = ListParams::default().limit(1).continue_token(&listed.metadata.continue_.clone().unwrap_or_default());
    let rest = pods.list(&more).await.expect("it goes on");
    let names: Vec<String> = listed.items.iter().chain(&rest.items).map(|pod| pod.name_any()).collect();
    assert_eq!(names, ["web-0", "web-1"]);
    let scaled =
        sets.patch_scale("web", &PatchParams::default(), &Patch::Merge(json!({ "spec": { "replicas": 1 } }))).await;
    assert_eq!(scaled.expect("it is scaled").spec.and_then(|spec| spec.replicas), Some(1));

    let kind = GroupVersionKind::gvk("apps", "v1", "StatefulSet");
    let (resource, _) = kube::discovery::pinned_kind(&client, &kind).await.expect("it is discovered");
    let by_name: Api<DynamicObject> = Api::default_namespaced_with(client.clone(), &resource);
    let seen = by_name.get("web").await.expect("it is there");
    assert_eq!(
        (seen.data["spec"]["serviceName"].as_str(), seen.data["spec"]["replicas"].as_i64()),
        (Some("web"), Some(1))
    );
    let all = kube::Discovery::new(client).run_aggregated().await.expect("all groups are discovered");
    assert!(all.has_group("apps") && all.has_group("policy") && all.has_group("rbac.authorization.k8s.io"));
}

#[tokio::test]
async fn a_watcher_survives_a_restart_and_versions_that_are_forgotten() {
    let (client, at) = served(QUICK);
    let pods: Api<Pod> = Api::default_namespaced(client);
    let mut stream = pin!(watcher(pods.clone(), watcher::Config::default()).default_backoff().applied_objects());
    pods.create(&PostParams::default(), &pod("before")).await.expect("it is created");
    heard(&mut stream, "before").await;
    petri(at, "command", &json!({ "line": "restart kube-apiserver" }));
    assert!(pods.list(&ListParams::default()).await.is_err(), "nobody answers");
    let again = async {
        while pods.create(&PostParams::default(), &pod("after")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    in_time("the restart", again).await;
    heard(&mut stream, "after").await;
    // The watch ends, and what it would go on from is gone.
    petri(at, "forget", &json!({}));
    petri(at, "disconnect", &json!({}));
    let mut old = pin!(pods.watch(&WatchParams::default(), "1").await.expect("it begins"));
    match in_time("the answer", old.next()).await {
        Some(Ok(WatchEvent::Error(status))) => assert_eq!((status.code, &*status.reason), (410, "Expired")),
        other => panic!("version 1 is long gone: {other:?}"),
    }
    pods.create(&PostParams::default(), &pod("later")).await.expect("it is created");
    heard(&mut stream, "later").await;
}

/// Keeps a copy of each map.
async fn reconcile(source: Arc<ConfigMap>, client: Arc<Client>) -> Result<Action, Error> {
    let copies: Api<ConfigMap> = Api::default_namespaced((*client).clone());
    let mut copy = map(&format!("copy-of-{}", source.name_any()), json!(source.data));
    copy["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": source.name_any(), "uid": source.uid(), "controller": true,
    }]);
    let name = copy["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    copies.patch(&name, &PatchParams::apply("copier").force(), &Patch::Apply(copy)).await?;
    Ok(Action::await_change())
}

#[tokio::test]
async fn a_controller_keeps_what_it_owns() {
    let (client, _) = served(QUICK);
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let sources = watcher::Config::default().labels("copied=yes");
    let controller = Controller::new(maps.clone(), sources).owns(maps.clone(), watcher::Config::default());
    let fails = |_: Arc<ConfigMap>, _: &Error, _: Arc<Client>| Action::requeue(Duration::from_millis(100));
    tokio::spawn(controller.run(reconcile, fails, Arc::new(client)).for_each(|_| std::future::ready(())));

    let mut source = map("a", json!({ "colour": "green" }));
    source["metadata"]["labels"] = json!({ "copied": "yes" });
    maps.create(&PostParams::default(), &object(source)).await.expect("it is created");
    let colour = |map: Option<&ConfigMap>| map?.data.as_ref()?.get("colour").cloned();
    let copied = |wanted: &'static str| {
        let is_it = move |map: Option<&ConfigMap>| colour(map).as_deref() == Some(wanted);
        in_time(wanted, wait::await_condition(maps.clone(), "copy-of-a", is_it))
    };
    let first = copied("green").await.expect("it is watched").and_then(|copy| copy.uid());
    maps.delete("copy-of-a", &DeleteParams::default()).await.expect("it is deleted");
    let is_another = |map: Option<&ConfigMap>| map.is_some_and(|copy| copy.uid() != first);
    in_time("another copy", wait::await_condition(maps.clone(), "copy-of-a", is_another)).await.expect("it is watched");
    let change = Patch::Merge(json!({ "data": { "colour": "blue" } }));
    maps.patch("a", &PatchParams::default(), &change).await.expect("it is changed");
    let last = copied("blue").await.expect("it is watched").and_then(|copy| copy.uid()).unwrap_or_default();
    // What is owned goes with its owner.
    maps.delete("a", &DeleteParams::default()).await.expect("it is deleted");
    let gone = wait::await_condition(maps.clone(), "copy-of-a", conditions::is_deleted(&last));
    in_time("the end of the copy", gone).await.expect("it is watched");
}

#[tokio::test]
async fn a_field_has_an_owner_until_somebody_takes_it_by_force() {
    let (client, _) = served(QUICK);
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let apply = async |who: &str, value: &str, force: bool| {
        let how = if force { PatchParams::apply(who).force() } else { PatchParams::apply(who) };
        maps.patch("kept", &how, &Patch::Apply(map("kept", json!({ "a": value })))).await
    };
    apply("one", "1", false).await.expect("nobody owns it");
    apply("other", "1", false).await.expect("two may say the same");
    assert_eq!(refusal(apply("other", "2", false).await), (409, "Conflict".into()));
    let taken = apply("other", "2", true).await.expect("it is taken");
    let managers: Vec<_> = taken.managed_fields().iter().filter_map(|entry| entry.manager.clone()).collect();
    assert_eq!(managers, ["other"]);
    // A version that has passed is refused.
    let mut old = taken.clone();
    apply("other", "3", true).await.expect("it is changed");
    old.data = None;
    assert_eq!(refusal(maps.replace("kept", &PostParams::default(), &old).await), (409, "Conflict".into()));
}

#[tokio::test]
async fn an_eviction_is_refused_by_a_budget() {
    let (client, _) = served(QUICK);
    let (sets, pods) =
        (Api::<StatefulSet>::default_namespaced(client.clone()), Api::<Pod>::default_namespaced(client.clone()));
    let budgets: Api<PodDisruptionBudget> = Api::default_namespaced(client);
    sets.create(&PostParams::default(), &set(2)).await.expect("it is created");
    let budget = object(json!({
        "metadata": { "name": "web" },
        "spec": { "minAvailable": 2, "selector": { "matchLabels": { "app": "web" } } },
    }));
    budgets.create(&PostParams::default(), &budget).await.expect("it is created");
    let is_full = |budget: Option<&PodDisruptionBudget>| {
        budget.and_then(|budget| budget.status.as_ref()).is_some_and(|status| status.current_healthy == Some(2))
    };
    in_time("two healthy pods", wait::await_condition(budgets.clone(), "web", is_full)).await.expect("it is watched");
    assert_eq!(refusal(pods.evict("web-0", &EvictParams::default()).await), (429, "TooManyRequests".into()));
    budgets.delete("web", &DeleteParams::default()).await.expect("it is deleted");
    let uid = pods.get("web-0").await.expect("it is there").uid().unwrap_or_default();
    pods.evict("web-0", &EvictParams::default()).await.expect("nobody protects it");
    let gone = wait::await_condition(pods, "web-0", conditions::is_deleted(&uid));
    in_time("the end of web-0", gone).await.expect("it is watched");
}

/// One that wants the Lease: it holds while it renews within 15 seconds.
struct Candidate {
    name: &'static str,
    leases: Api<Lease>,
}

impl Candidate {
    async fn look(&self) -> Lease {
        self.leases.get("leader").await.expect("it is there")
    }

    /// What it writes into a Lease that it has seen, if it may.
    fn wish(&self, seen: &Lease, now: Timestamp) -> Option<Lease> {
        let spec = seen.spec.clone().unwrap_or_default();
        let renewed = spec.renew_time.as_ref().map_or(0, |time| time.0.as_second());
        let is_held = spec.holder_identity.as_deref().is_some_and(|holder| !holder.is_empty() && holder != self.name);
        if is_held && now.as_second() - renewed < 15 {
            return None;
        }
        let mut wished = seen.clone();
        let own = wished.spec.get_or_insert_default();
        own.holder_identity = Some(self.name.into());
        own.renew_time = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime(now));
        own.lease_transitions = Some(spec.lease_transitions.unwrap_or(0) + i32::from(is_held));
        Some(wished)
    }

    async fn write(&self, wished: &Lease) -> kube::Result<Lease> {
        self.leases.replace("leader", &PostParams::default(), wished).await
    }

    /// Whether it leads from now on.
    async fn tries(&self, now: Timestamp) -> bool {
        match self.wish(&self.look().await, now) {
            Some(wished) => self.write(&wished).await.is_ok(),
            None => false,
        }
    }
}

#[tokio::test]
async fn of_two_candidates_for_a_lease_one_leads_and_a_pause_costs_the_lead() {
    // Time stands still but when it is told to go.
    let (client, at) = served(Pace::Times(0));
    let leases: Api<Lease> = Api::default_namespaced(client);
    let [one, other] = ["one", "other"].map(|name| Candidate { name, leases: leases.clone() });
    let pass = |span: &str| -> Timestamp {
        let moment = petri(at, "run", &json!({ "for": span }));
        moment.at(&["now"]).and_then(Value::as_str).and_then(|now| now.parse().ok()).expect("it says when it is")
    };
    leases
        .create(&PostParams::default(), &object(json!({ "metadata": { "name": "leader" } })))
        .await
        .expect("it is created");
    let now = pass("1s");
    // Both have looked before one of them writes: the version decides.
    let (seen, also_seen) = (one.look().await, other.look().await);
    one.write(&one.wish(&seen, now).expect("nobody holds it")).await.expect("it is the first");
    let late = other.write(&other.wish(&also_seen, now).expect("nobody held it")).await;
    assert_eq!(refusal(late), (409, "Conflict".into()));
    for _ in 0..3 {
        let now = pass("10s");
        assert!(one.tries(now).await, "it renews");
        assert!(!other.tries(now).await, "it waits");
    }
    // It is about to renew, and is paused.
    let before = pass("2s");
    let renewal = one.wish(&one.look().await, before).expect("it leads");
    assert!(!other.tries(pass("10s")).await, "12 seconds are not enough");
    assert!(other.tries(pass("4s")).await, "16 seconds are");
    assert_eq!(refusal(one.write(&renewal).await), (409, "Conflict".into()), "what it says is from before");
    assert!(!one.tries(pass("1s")).await);
    let lease = one.look().await.spec.unwrap_or_default();
    assert_eq!((lease.holder_identity.as_deref(), lease.lease_transitions), (Some("other"), Some(1)));
}
