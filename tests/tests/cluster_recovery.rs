//! What is wrong around a library is said with its cure, and what was mended needs no further touch.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::json;
use vitrine_tests::cluster::{KIND, Place, condition_of, counts, secret};
use vitrine_tests::library::usda;
use vitrine_tests::proxy::{Fault, Proxy, Rule};
use vitrine_tests::secured::{PASSWORD, Secured, USER};

#[test]
fn an_elasticsearch_that_is_down_is_named_and_the_run_goes_on_when_it_is_up() {
    let Some(place) = Place::new("down") else { return };
    place.secret();
    let proxy = Proxy::start_at(place.cluster.host(), place.index.url());
    proxy.rule(Rule::on("", "", Fault::Refuse));
    place.apply_elasticsearch(json!({"url": proxy.url()}), json!({}));
    let said = place.says("Scanned", "False", &[&proxy.url()]);
    assert!(said.contains("tries again by itself"), "{said}");
    proxy.heal();
    let lib = place.published(1);
    assert_eq!(condition_of(&lib, "Ready").unwrap()["status"], "True");
    assert_eq!(place.index.count(&place.alias), 3);
}

#[test]
fn a_wrong_password_is_named_and_the_right_one_in_its_secret_is_enough() {
    let Some(place) = Place::new("password") else { return };
    let Some(server) = Secured::find() else { return };
    place.secret();
    let authority = server.authority.pem.as_str();
    let login = |password: &str| {
        let keys = [("username", USER), ("password", password), ("ca.crt", authority)];
        place.space.apply(&[secret("login", &keys)]);
    };
    login("not-the-password");
    let url = place.cluster.seen_from_pods(&server.url);
    let login_ref = json!({"name": "login"});
    place.apply_elasticsearch(
        json!({"url": url, "secretRef": login_ref, "caRef": login_ref}),
        json!({}),
    );
    let said = place.says("Stalled", "True", &["refused"]);
    assert!(said.contains("password") && !said.contains("not-the-password"), "{said}");
    login(PASSWORD);
    place.space.wait_for_condition(KIND, "lib", "Ready", "True");
    place.space.wait_for_condition(KIND, "lib", "Stalled", "False");
    let path = format!("/{}/_refresh", &*place.alias);
    server.must("POST", &path, None);
    let counted = server.must("GET", &format!("/{}/_count", &*place.alias), None);
    assert_eq!(counted["count"], 3);
}

#[test]
fn a_bucket_that_is_missing_is_named_and_the_library_is_read_when_it_is_there() {
    let Some(place) = Place::new("bucket") else { return };
    place.secret();
    let store = json!({"name": "store"});
    place.apply(json!({"source": {"uri": "s3://later/lib", "secretRef": store}}));
    place.says("Scanned", "False", &["s3://later"]);
    place.store.bucket("later");
    place.store.put_folder("later", "lib", &place.library.path());
    place.space.wait_for_condition(KIND, "lib", "Ready", "True");
    assert_eq!(place.index.count(&place.alias), 3);
}

#[test]
fn an_asset_that_cannot_be_read_is_counted_and_explained_and_the_others_are_searchable() {
    let Some(place) = Place::new("corrupt") else { return };
    place.secret();
    place.library.write("kitchen/bowl.usda", "no USD at all");
    place.upload();
    place.apply(json!({}));
    let lib = place.published(1);
    assert_eq!(counts(&lib), [4, 3, 0, 1, 0]);
    place.says("Ready", "True", &["3 documents", "1 asset could not be read"]);
    assert_eq!(place.index.count(&place.alias), 3);
    let failures = place.index.documents(&format!("{}-failures", &*place.alias));
    let failure = failures.values().next().unwrap();
    assert!(failure["uri"].as_str().unwrap().ends_with("kitchen/bowl.usda"), "{failure}");
    assert!(!failure["reason"].as_str().unwrap().is_empty(), "{failure}");

    place.library.write("kitchen/bowl.usda", usda("Bowl", "", ""));
    place.upload();
    place.sync("mended");
    let lib = place.published(2);
    assert_eq!(counts(&lib), [4, 1, 3, 0, 0]);
    assert_eq!(place.index.count(&place.alias), 4);
}
