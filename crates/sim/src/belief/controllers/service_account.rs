//! Every namespace has an account named `default`, for the pods that name no other.
//!
//! Upstream: `pkg/controller/serviceaccount/serviceaccounts_controller.go`.
//! Deviation: tokens and the ConfigMap `kube-root-ca.crt` that pods mount are not simulated: their volumes are named and
//! always there.

use crate::belief::api::admission::DEFAULT_SERVICE_ACCOUNT as DEFAULT;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome};
use crate::belief::client::informer::Enqueue;
use petri_objects::{Name, Object, ServiceAccount};

/// The account that a namespace begins with.
pub fn default_account(namespace: &Name) -> ServiceAccount {
    let mut account = ServiceAccount::default();
    account.metadata.name = DEFAULT.into();
    account.metadata.namespace = namespace.clone();
    account
}

/// Upstream: `namespaceAdded`, `serviceAccountDeleted`.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    match (&change.old, &change.new) {
        (_, Some(Object::Namespace(namespace))) => keys.add(Key::of(&namespace.metadata)),
        (Some(Object::ServiceAccount(account)), None) if &*account.metadata.name == DEFAULT => {
            keys.add(Key::new("", account.metadata.namespace.clone()));
        }
        _ => {}
    }
}

/// Upstream: `syncNamespace`.
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    let active = cache.namespaces.get(key).is_some_and(|namespace| !namespace.metadata.is_terminating());
    if active && cache.service_accounts.get(&Key::new(key.name.clone(), DEFAULT)).is_none() {
        match api.create(default_account(&key.name))? {
            Err(error) if error.is_already_exists() => {}
            reply => {
                reply?;
            }
        }
    }
    Ok(Done::settled())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::controllers::testing::{Bench, NOW, agree};
    use petri_objects::Namespace;

    /// Upstream: `TestServiceAccountCreation`.
    #[test]
    fn a_namespace_gets_the_account_that_it_lacks() {
        let asked = |terminating: bool, account: Option<&str>| {
            let mut namespace = Namespace::default();
            namespace.metadata.name = "shop".into();
            if terminating {
                namespace.metadata.deletion_timestamp = NOW;
            }
            let mut objects = vec![Object::from(namespace)];
            objects.extend(account.map(|name| {
                let mut account = default_account(&"shop".into());
                account.metadata.name = name.into();
                account.into()
            }));
            let mut bench = Bench::new(objects);
            let answer = agree(&bench.cache);
            bench.sync(sync, &Key::new("", "shop"), answer).requests().join("; ")
        };
        assert_eq!(asked(false, None), "create serviceaccount/default");
        assert_eq!(asked(false, Some("other")), "create serviceaccount/default");
        assert_eq!(asked(false, Some("default")), "");
        assert_eq!(asked(true, None), "");
    }
}
