//! The NetworkPolicy of a resource: its pods are reached by nobody, and reach names, stores and
//! Elasticsearch.
//!
//! A NetworkPolicy knows addresses, not names: what is left open is the ports that the spec names, and
//! of addresses all but those of metadata services.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use kube::api::ObjectMeta;

use crate::run::kind::{Kind, Opened};
use crate::run::names;

/// Where clouds keep their metadata services.
const METADATA_V4: &str = "169.254.0.0/16";
/// The same, of addresses of version 6.
const METADATA_V6: [&str; 2] = ["fe80::/10", "fd00:ec2::254/128"];

/// The policy of `resource`. `endpoints`: further ports, of stores whose address a Secret holds.
pub fn policy<K: Kind>(resource: &K, endpoints: &[i32]) -> NetworkPolicy {
    let own = LabelSelector {
        match_labels: Some(BTreeMap::from([(
            K::WORDS.names.label.to_owned(),
            names::label(&resource.name_any()),
        )])),
        match_expressions: None,
    };
    let port = |protocol: &str, port: i32| NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port: Some(IntOrString::Int(port)),
        end_port: None,
    };
    let block = |cidr: &str, except: &[&str]| NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_owned(),
            except: Some(except.iter().map(|&one| one.to_owned()).collect()),
        }),
        ..NetworkPolicyPeer::default()
    };
    let mut ports: BTreeSet<i32> = ports(resource).collect();
    ports.extend(endpoints);
    let names_of_hosts =
        NetworkPolicyEgressRule { ports: Some(vec![port("UDP", 53), port("TCP", 53)]), to: None };
    let stores = NetworkPolicyEgressRule {
        ports: Some(ports.into_iter().map(|number| port("TCP", number)).collect()),
        to: Some(vec![block("0.0.0.0/0", &[METADATA_V4]), block("::/0", &METADATA_V6)]),
    };
    NetworkPolicy {
        metadata: ObjectMeta {
            name: Some(K::WORDS.names.policy(&resource.name_any())),
            namespace: resource.namespace(),
            labels: Some(K::WORDS.names.labels(&resource.name_any())),
            owner_references: Some(resource.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        },
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(own),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: None,
            egress: Some(vec![names_of_hosts, stores]),
        }),
    }
}

/// The ports of what the spec names; 443 for stores, whose hosts are the clouds'.
fn ports<K: Kind>(resource: &K) -> impl Iterator<Item = i32> + use<K> {
    let mut spec = resource.spec().clone();
    let Opened { stores, models, elasticsearch } = K::open(&mut spec);
    let stores = stores.into_iter().map(|store| store.uri);
    let mut urls: Vec<String> = stores.chain(models).map(|uri| uri.clone()).collect();
    let mut found = vec![443];
    if let Some(elasticsearch) = elasticsearch {
        match &elasticsearch.url {
            Some(url) => urls.extend(url.split(',').map(|url| url.trim().to_owned())),
            None => found.push(9200),
        }
    }
    found.extend(urls.iter().filter_map(|url| port_of(url)));
    found.into_iter()
}

/// The port of a web address.
fn port_of(url: &str) -> Option<i32> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let written = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    match (scheme, written) {
        ("http" | "https", Some(port)) => Some(port),
        ("http", None) => Some(80),
        ("https", None) => Some(443),
        _ => None,
    }
}
