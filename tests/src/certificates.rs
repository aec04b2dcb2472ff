//! An authority of one test's own, and what it vouches for.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

/// An authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, PEM.
    pub pem: String,
}

/// A certificate with its key.
pub struct Certified {
    /// The certificate, PEM.
    pub pem: String,
    /// Its key, PEM.
    pub key: String,
    der: rustls::pki_types::CertificateDer<'static>,
    key_der: Vec<u8>,
}

impl Authority {
    /// A new one, which nobody trusts yet.
    ///
    /// # Panics
    ///
    /// When the system has no random numbers.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("keys can be made");
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let pem = params.self_signed(&key).expect("an authority signs itself").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for these host names and addresses, or of a client where there are none.
    pub fn certify(&self, name: &str, hosts: &[&str]) -> Certified {
        self.sign(&named(name, hosts))
    }

    /// A certificate for `localhost` that ended years ago.
    pub fn expired(&self) -> Certified {
        let mut params = named("expired", &["localhost"]);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Certified {
        let key = KeyPair::generate().expect("keys can be made");
        let made = params.signed_by(&key, &self.issuer).expect("an authority signs");
        Certified {
            pem: made.pem(),
            key: key.serialize_pem(),
            der: made.der().clone(),
            key_der: key.serialize_der(),
        }
    }
}

fn named(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("these are host names");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A server at `https://localhost` that shows this certificate, and answers nothing but `{}`, as
/// long as the test runs. Returns its URL.
///
/// # Panics
///
/// When there is no free port.
pub fn serve(certified: &Certified) -> String {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.key_der.clone()));
    let config =
        ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config.with_no_client_auth().with_single_cert(vec![certified.der.clone()], key)
            })
            .expect("certificate and key belong together");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let Ok(mut tls) = ServerConnection::new(Arc::clone(&config)) else { continue };
            let mut stream = Stream::new(&mut tls, &mut socket);
            // A client that turns away is what the test is about.
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
            }
        }
    });
    format!("https://localhost:{port}")
}
