//! Certificates of the test's own.

use std::process::Command;

use infra_tests::run::run;
use infra_tests::sandbox::Sandbox;

fn openssl(directory: &Sandbox, arguments: &[&str]) {
    let mut openssl = Command::new("openssl");
    let _ = run(openssl.current_dir(directory.root()).args(arguments)).exits(0);
}

/// Makes `NAME.pem`, a certificate that signs others.
pub(super) fn authority(directory: &Sandbox, name: &str) {
    let (key, certificate, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name}"));
    openssl(
        directory,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &certificate,
        ],
    );
}

/// Makes `server.pem` and `server.key` for `localhost`, signed by it.
pub(super) fn sign(directory: &Sandbox, authority: &str) {
    let (key, certificate) = (format!("{authority}.key"), format!("{authority}.pem"));
    directory.write("names", "subjectAltName=DNS:localhost\n");
    openssl(
        directory,
        &[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ],
    );
    openssl(
        directory,
        &[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            "server.csr",
            "-CA",
            &certificate,
            "-CAkey",
            &key,
            "-CAcreateserial",
            "-extfile",
            "names",
            "-out",
            "server.pem",
        ],
    );
}
