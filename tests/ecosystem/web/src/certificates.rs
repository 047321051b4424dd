//! Certificates for `localhost`, made for a test.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::Directory;

/// An authority, and what it has signed for `localhost` and `127.0.0.1`, as files.
#[derive(Debug)]
pub struct Certificates {
    directory: Directory,
}

impl Certificates {
    /// New ones.
    pub fn new() -> Certificates {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params
            .distinguished_name
            .push(DnType::CommonName, "an authority for tests");
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);

        let mut params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &issuer).unwrap().pem();

        let directory = Directory::new("certificates");
        for (name, text) in [
            ("root.pem", root),
            ("signed.pem", signed),
            ("key.pem", key.serialize_pem()),
        ] {
            std::fs::write(directory.file(name), text).unwrap();
        }
        Certificates { directory }
    }

    /// The file of the authority's certificate, to trust.
    pub fn root(&self) -> String {
        self.directory.file("root.pem")
    }

    /// The file of the server's certificate.
    pub fn signed(&self) -> String {
        self.directory.file("signed.pem")
    }

    /// The file of the server's key.
    pub fn key(&self) -> String {
        self.directory.file("key.pem")
    }
}

impl Default for Certificates {
    fn default() -> Certificates {
        Certificates::new()
    }
}
