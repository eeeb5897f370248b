//! The examples of `docs/embedding.md`: what they sign is let in, and the guide quotes them as they are.

use std::process::Command;

use crate::support::app::TestApp;
use crate::support::host::{Frame, Host, SITE};
use crate::support::parts::{project, skip_without, venv};

#[path = "../../../../docs/embedding/sign_launch.rs"]
mod sign_launch;

const MARA: &str = "mara@fennel.example";

#[actix_web::test]
async fn what_the_rust_example_signs_is_let_in() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    claviger::auth::jwt::install();
    let embedding = sign_launch::Embedding {
        audience: &host.audience,
        embed: &host.embed_id,
        key_id: &host.kid,
        key: &host.key,
        origin: SITE,
    };
    let person = sign_launch::Person { subject: "person-17", email: MARA, role: "administrator" };
    let token = sign_launch::launch_token(&embedding, &person).expect("a token");
    Frame::new(&app, &host).launch(&token).await.is(303);
}

#[actix_web::test]
async fn what_the_python_example_signs_is_let_in() {
    let python = venv().join("bin/python");
    if !python.exists() {
        return skip_without("Python with PyJWT");
    }
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let token = printed(Command::new(python).arg("docs/embedding/sign_launch.py"), &host, &host.key);
    Frame::new(&app, &host).launch(&token).await.is(303);
}

#[actix_web::test]
async fn what_the_node_example_signs_is_let_in() {
    if Command::new("node").arg("--version").output().is_err()
        || Command::new("openssl").arg("version").output().is_err()
    {
        return skip_without("Node or OpenSSL");
    }
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let mut host = Host::let_in(&mut mara).await;
    // As the page says.
    let folder = tempfile::tempdir().expect("a folder");
    let private = openssl(&folder, &["genpkey", "-algorithm", "ed25519", "-out", "private.pem"], "private.pem");
    let public = openssl(&folder, &["pkey", "-in", "private.pem", "-pubout", "-out", "public.pem"], "public.pem");
    let fields = [("kind", "public"), ("public_key", &*public)];
    mara.post("/settings/embedding/keys", &fields).await.is(303);
    host.kid = mara.get("/settings/embedding").await.texts("dl.facts dd code").pop().expect("a name");
    let token = printed(Command::new("node").arg("docs/embedding/sign_launch.mjs"), &host, &private);
    Frame::new(&app, &host).launch(&token).await.is(303);
}

#[test]
fn the_guide_quotes_the_examples_as_they_are() {
    let guide = read("docs/embedding.md");
    let mut n_quoted = 0;
    for part in guide.split("<!-- docs/embedding/").skip(1) {
        let (name, rest) = part.split_once(" -->\n").expect("the end of a comment");
        let (_, code) = rest.split_once("```").and_then(|(_, fenced)| fenced.split_once('\n')).expect("a fence");
        let (code, _) = code.split_once("\n```").expect("the end of a fence");
        assert_eq!(code.trim_end(), read(&format!("docs/embedding/{name}")).trim_end(), "{name}");
        n_quoted += 1;
    }
    assert!(n_quoted >= 4, "the guide quotes {n_quoted} files");
}

/// What an example prints whose values are in its environment.
fn printed(command: &mut Command, host: &Host, key: &str) -> String {
    let output = command
        .current_dir(project())
        .env("CLAVIGER_URL", &host.audience)
        .env("CLAVIGER_EMBED", &host.embed_id)
        .env("CLAVIGER_KEY_ID", &host.kid)
        .env("CLAVIGER_KEY", key)
        .env("SUBJECT", "person-17")
        .env("EMAIL", MARA)
        .env("ROLE", "administrator")
        .env("ORIGIN", SITE)
        .output()
        .expect("the example runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// What a command of OpenSSL writes into a file of this folder.
fn openssl(folder: &tempfile::TempDir, arguments: &[&str], file: &str) -> String {
    let status = Command::new("openssl").current_dir(folder.path()).args(arguments).status().expect("OpenSSL runs");
    assert!(status.success(), "{arguments:?}");
    std::fs::read_to_string(folder.path().join(file)).expect("the file")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
