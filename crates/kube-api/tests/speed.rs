//! How long an answer takes. The times are printed; the bounds are wide, for machines that others use as well.

use petri_kube_api::ask::{Ask, Body};
use petri_kube_api::cluster::Cluster;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::time::{Duration, Instant};

const PODS: &str = "/api/v1/namespaces/default/pods";

fn pod(name: &str) -> Ask {
    let body = format!(r#"{{"metadata":{{"name":"{name}"}},"spec":{{"containers":[{{"name":"c","image":"x"}}]}}}}"#);
    Ask::new("POST", PODS, &body)
}

#[test]
fn a_thousand_pods_are_made_listed_and_watched() {
    let mut cluster = Cluster::new(Timeline::new(Recording::new(Scenario::standard(), 1)));
    let begun = Instant::now();
    for number in 0..1_000 {
        assert_eq!(cluster.answer(&pod(&format!("p-{number}"))).code, 201);
    }
    let made = begun.elapsed();
    let table = Ask { accept: "application/json;as=Table;v=v1;g=meta.k8s.io".into(), ..Ask::new("GET", PODS, "") };
    let begun = Instant::now();
    let answer = cluster.answer(&table);
    let listed = begun.elapsed();
    assert!(answer.body_text().contains("p-999"));
    let mut watch = cluster.answer(&Ask::new("GET", &format!("{PODS}?watch=1"), ""));
    let begun = Instant::now();
    cluster.answer(&pod("last"));
    let Body::Stream(stream) = &mut watch.body else { panic!("a watch was expected") };
    let mut heard = Vec::new();
    while let Ok(line) = stream.0.try_recv() {
        heard.push(line);
    }
    let told = begun.elapsed();
    assert!(heard.last().is_some_and(|line| line.contains("\"last\"")));
    println!(
        "1,000 pods made one after the other: {made:?}; listed as a table: {listed:?}; a write told to a watcher: {told:?}"
    );
    let slow = if cfg!(debug_assertions) { 15 } else { 2 };
    for (what, took, aim) in [("made", made, 1_000), ("listed", listed, 20), ("told", told, 5)] {
        assert!(took < Duration::from_millis(aim * slow), "{what}: {took:?}");
    }
}
