//! The hash in the name of a Deployment's ReplicaSet.
//!
//! It is taken over a dump of the Go struct of the template, absent fields included: no other text gives the hashes that
//! real clusters give.
//!
//! Upstream: `ComputeHash` in `pkg/controller/controller_utils.go`, `dump.ForHash`, and the format `%#v` of the package
//! spew that the dump is made with.
//! Deviation: what no field of Petri's objects stands for (ephemeral containers, the contents of rare volume sources)
//! counts as its JSON, so hashes of such templates are stable, but not those of a real cluster.

use crate::belief::api::go_types::{GoField, GoTypes};
use crate::belief::controllers::util::{fnv1a_32, safe_encode};
use petri_objects::{PodTemplateSpec, Record, Value};

const NO_TIME: &str = "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}";

/// Upstream: `ComputeHash`.
pub fn compute_hash(template: &PodTemplateSpec, collision_count: Option<i32>) -> String {
    // The four bytes of the count stand at the beginning of eight.
    let mut collisions = [0; 8];
    if let Some(count) = collision_count {
        collisions[..4].copy_from_slice(&count.to_le_bytes());
    }
    let collisions: &[u8] = if collision_count.is_some() { &collisions } else { &[] };
    safe_encode(fnv1a_32(&[dump(template).as_bytes(), collisions]))
}

fn dump(template: &PodTemplateSpec) -> String {
    let mut dump = Dump { types: GoTypes::of_api(), out: String::new() };
    dump.write("PodTemplateSpec", Some(&template.to_value()), true);
    dump.out
}

struct Dump {
    types: GoTypes,
    out: String,
}

impl Dump {
    /// Writes a value; its type before it unless the place has told it.
    fn write(&mut self, kind: &str, value: Option<&Value>, typed: bool) {
        let value = value.filter(|value| !matches!(value, Value::Null));
        if typed {
            self.out.push('(');
            self.write_type(kind);
            self.out.push(')');
        }
        if let Some(target) = kind.strip_prefix('*') {
            return match value {
                None => self.out.push_str("<nil>"),
                value => self.write(target, value, false),
            };
        }
        if let Some(item) = kind.strip_prefix("[]") {
            return self.write_list(item, value.and_then(Value::as_list).unwrap_or(&[]));
        }
        match kind {
            "map[string]string" | "ResourceList" => self.write_map(kind, value),
            "resource.Quantity" => self.write_quantity(value),
            "intstr.IntOrString" => self.write_int_or_string(value),
            // A template has no times.
            "Time" => self.out.push_str(NO_TIME),
            "bool" => self.out.push_str(if value == Some(&Value::Bool(true)) { "true" } else { "false" }),
            "int32" | "int64" => match value {
                Some(number) => self.out.push_str(&number.to_json()),
                None => self.out.push('0'),
            },
            _ => match (self.types.fields(kind), value) {
                (Some(fields), value) => self.write_struct(&fields, value),
                (None, Some(Value::String(text))) => self.out.push_str(text),
                (None, Some(other)) => self.out.push_str(&other.to_json()),
                (None, None) => {}
            },
        }
    }

    /// `*v1.Probe`: types of the API are of a package `v1`, whichever it is.
    fn write_type(&mut self, kind: &str) {
        let name = kind.trim_start_matches(['*', '[', ']']);
        self.out.push_str(&kind[..kind.len() - name.len()]);
        let own = matches!(name, "string" | "bool" | "int32" | "int64") || name.contains(['.', '[']);
        self.out.push_str(if own { "" } else { "v1." });
        self.out.push_str(name);
    }

    fn write_struct(&mut self, fields: &[GoField], value: Option<&Value>) {
        self.out.push('{');
        for (i, field) in fields.iter().enumerate() {
            if i > 0 {
                self.out.push(' ');
            }
            self.out.push_str(field.name);
            self.out.push(':');
            let part = if field.is_embedded { value } else { value.and_then(|value| value.at(&[&field.key])) };
            self.write(field.kind, part, true);
        }
        self.out.push('}');
    }

    fn write_list(&mut self, item: &str, items: &[Value]) {
        // An empty list does not survive the way through the API server.
        if items.is_empty() {
            return self.out.push_str("<nil>");
        }
        self.out.push('[');
        for (i, value) in items.iter().enumerate() {
            if i > 0 {
                self.out.push(' ');
            }
            self.write(item, Some(value), false);
        }
        self.out.push(']');
    }

    fn write_map(&mut self, kind: &str, value: Option<&Value>) {
        let Some(map) = value.and_then(Value::as_map).filter(|map| !map.is_empty()) else {
            return self.out.push_str("<nil>");
        };
        self.out.push_str("map[");
        for (i, (key, value)) in map.sorted().into_iter().enumerate() {
            if i > 0 {
                self.out.push(' ');
            }
            self.out.push_str(key);
            self.out.push(':');
            let item = if kind == "ResourceList" { "resource.Quantity" } else { "string" };
            self.write(item, Some(value), false);
        }
        self.out.push(']');
    }

    fn write_int_or_string(&mut self, value: Option<&Value>) {
        let (kind, number, text) = match value {
            Some(Value::String(text)) => (1, 0, &**text),
            Some(Value::Int(number)) => (0, *number, ""),
            _ => (0, 0, ""),
        };
        self.out.push_str(&format!("{{Type:(intstr.Type){kind} IntVal:(int32){number} StrVal:(string){text}}}"));
    }

    /// Upstream: `resource.ParseQuantity`.
    fn write_quantity(&mut self, value: Option<&Value>) {
        let text = match value {
            Some(Value::String(text)) => text.to_string(),
            Some(other) => other.to_json(),
            None => "0".into(),
        };
        let amount = Amount::read(&text);
        self.out.push_str(&format!(
            "{{i:(resource.int64Amount){{value:(int64){} scale:(resource.Scale){}}} d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){} Format:(resource.Format){}}}",
            amount.value,
            amount.scale,
            if amount.keeps_text { &*text } else { "" },
            amount.format
        ));
    }
}

/// A quantity as the API machinery keeps it.
#[derive(Debug, PartialEq, Eq)]
struct Amount {
    value: i64,
    /// Power of ten.
    scale: i32,
    /// Whether the text is known to be the canonical one.
    keeps_text: bool,
    format: &'static str,
}

impl Amount {
    fn read(text: &str) -> Amount {
        if text == "0" {
            return Amount { value: 0, scale: 0, keeps_text: true, format: "DecimalSI" };
        }
        let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let negative = number.starts_with('-');
        let (whole, fraction) = number
            .trim_start_matches(['-', '+'])
            .split_once('.')
            .unwrap_or((number.trim_start_matches(['-', '+']), ""));
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{}{fraction}", if whole.is_empty() { "0" } else { whole });
        let value: i64 = digits.parse().unwrap_or(0);
        let sign = if negative { -1 } else { 1 };
        if let Some(binary) = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|unit| *unit == suffix) {
            let value_of_all = value.saturating_mul(1i64.checked_shl(10 * (binary as u32 + 1)).unwrap_or(i64::MAX));
            return Amount { value: sign * value_of_all, scale: 0, keeps_text: value & 7 != 0, format: "BinarySI" };
        }
        let units =
            [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
        let (exponent, format) = match units.iter().find(|(unit, _)| *unit == suffix) {
            Some((_, exponent)) => (*exponent, "DecimalSI"),
            None => (suffix.trim_start_matches(['e', 'E']).parse().unwrap_or(0), "DecimalExponent"),
        };
        let scale = exponent - fraction.len() as i32;
        let keeps_text = scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0');
        Amount { value: sign * value, scale, keeps_text, format }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::record::Decode;
    use petri_objects::{Deployment, Object, defaults};

    fn template(spec: &str, labels: &str) -> PodTemplateSpec {
        let json = format!("{{\"spec\":{{\"template\":{{\"metadata\":{{\"labels\":{labels}}},\"spec\":{spec}}}}}}}");
        let value = Value::from_json(&json).expect("the test's own JSON");
        let deployment = Deployment::from_value(&value, &mut Decode::default());
        let mut object = Object::from(deployment);
        defaults::apply_defaults(&mut object);
        match object {
            Object::Deployment(deployment) => deployment.spec.template.clone(),
            _ => unreachable!("defaults do not change the kind"),
        }
    }

    /// Of a real v1.36.3 cluster.
    #[test]
    fn golden_hashes() {
        let nginx = template(r#"{"containers":[{"name":"nginx","image":"nginx:1.25"}]}"#, r#"{"app":"nginx"}"#);
        assert_eq!(compute_hash(&nginx, None), "7cd5cff77d");
        assert_eq!(compute_hash(&nginx, Some(1)), "d9777846c");
    }

    #[test]
    fn quantities_keep_their_text_if_it_is_canonical() {
        let amount = |text: &str| {
            let amount = Amount::read(text);
            (amount.value, amount.scale, amount.keeps_text, amount.format)
        };
        assert_eq!(amount("100m"), (100, -3, true, "DecimalSI"));
        assert_eq!(amount("1"), (1, 0, true, "DecimalSI"));
        assert_eq!(amount("0.5"), (5, -1, false, "DecimalSI"));
        assert_eq!(amount("2000"), (2000, 0, false, "DecimalSI"));
        assert_eq!(amount("5Gi"), (5 << 30, 0, true, "BinarySI"));
        assert_eq!(amount("64Mi"), (64 << 20, 0, false, "BinarySI"), "a multiple of eight may not be canonical");
        assert_eq!(amount("1e3"), (1, 3, true, "DecimalExponent"));
    }

    #[test]
    fn every_part_of_a_template_counts() {
        let hash = |spec: &str| compute_hash(&template(spec, "{}"), None);
        let containers = |rest: &str| format!(r#"{{"containers":[{{"name":"c","image":"i"{rest}}}]}}"#);
        let mut seen = std::collections::BTreeSet::new();
        for rest in [
            "",
            r#","ports":[{"containerPort":80}]"#,
            r#","ports":[{"containerPort":81}]"#,
            r#","env":[{"name":"A","value":"b"}]"#,
            r#","env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]"#,
            r#","envFrom":[{"configMapRef":{"name":"x"}}]"#,
            r#","resources":{"requests":{"cpu":"100m"}}"#,
            r#","resources":{"limits":{"cpu":"100m"}}"#,
            r#","volumeMounts":[{"name":"v","mountPath":"/v"}]"#,
            r#","livenessProbe":{"tcpSocket":{"port":80}}"#,
            r#","readinessProbe":{"tcpSocket":{"port":80}}"#,
            r#","readinessProbe":{"tcpSocket":{"port":"web"}}"#,
            r#","lifecycle":{"preStop":{"sleep":{"seconds":5}}}"#,
            r#","securityContext":{"runAsUser":5}"#,
            r#","securityContext":{"capabilities":{"add":["NET_ADMIN"]}}"#,
        ] {
            assert!(seen.insert(hash(&containers(rest))), "{rest} does not count");
        }
        for spec in [
            r#"{"containers":[{"name":"c","image":"i"}],"nodeSelector":{"a":"b"}}"#,
            r#"{"containers":[{"name":"c","image":"i"}],"hostNetwork":true}"#,
            r#"{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","emptyDir":{}}]}"#,
            r#"{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","configMap":{"name":"m"}}]}"#,
            r#"{"containers":[{"name":"c","image":"i"}],"tolerations":[{"key":"a","operator":"Exists"}]}"#,
            r#"{"containers":[{"name":"c","image":"i"}],"terminationGracePeriodSeconds":5}"#,
            r#"{"containers":[{"name":"c","image":"i"}],"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"z","whenUnsatisfiable":"DoNotSchedule"}]}"#,
            r#"{"containers":[{"name":"c","image":"i"}],"affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"z"}]}}}"#,
        ] {
            assert!(seen.insert(hash(spec)), "{spec} does not count");
        }
    }
}
