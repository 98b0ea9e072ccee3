use super::*;

const STORY: &str = r#"{"type":"HEADER","t":0,"ns":"web"}
{"type":"ACTION","t":1,"i":0,"do":"kubectl","args":["scale","sts","web","--replicas=1"]}
{"type":"ACTION-DONE","t":1.1,"i":0,"rc":"0","stdout":"statefulset.apps/web scaled\n","stderr":""}
{"type":"ADDED","t":1.2,"kind":"Pod","name":"web/web-0","uid":"00000001","set":{"status.phase":"Pending"}}
{"type":"MODIFIED","t":3.2,"kind":"Pod","name":"web/web-0","uid":"00000001","set":{"status.phase":"Running"}}
{"type":"END","t":9}"#;

#[test]
fn a_story_agrees_with_itself() {
    let verdict = judge(STORY, STORY);
    assert_eq!(verdict.overall, 100.0, "{:?}", verdict.differences);
}

#[test]
fn silence_agrees_with_nothing() {
    assert!(judge(STORY, "").overall < 1.0);
}

#[test]
fn what_is_late_is_named() {
    let verdict = judge(STORY, &STORY.replace("\"t\":3.2", "\"t\":8.2"));
    assert!(verdict.overall < 100.0);
    assert_eq!(
        verdict.differences[0].text,
        "pod web-0: phase Running came 7.2 s after kubectl scale sts web --replicas=1, expected 2.2 s (at 8.2 s, expected 3.2 s)"
    );
}

#[test]
fn what_is_missing_is_named() {
    let verdict = judge(STORY, &STORY.replace("Running", "Failed"));
    let texts: Vec<&str> = verdict.differences.iter().map(|difference| difference.text.as_str()).collect();
    assert_eq!(texts[0], "expected pod web-0: phase Running at 3.2 s; got instead: phase Failed at 3.2 s");
}
