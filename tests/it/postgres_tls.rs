//! TLS to PostgreSQL: real in a build with `pg-tls`, refused in a sentence in one without.

use claviger::config::DatabaseUrl;
use claviger::store::{Db, OpenError};

#[cfg(not(feature = "pg-tls"))]
#[test]
fn a_build_without_tls_refuses_an_address_that_asks_for_it() {
    for mode in ["require", "verify-ca", "verify-full"] {
        // Nobody listens there: the refusal comes before any packet.
        let error = open(&format!("postgres://claviger@127.0.0.1:1/claviger?sslmode={mode}")).err();
        let sentence = error.expect("a refusal").to_string();
        assert!(sentence.contains("--features pg-tls") && sentence.contains(mode), "{sentence}");
    }
}

#[cfg(feature = "pg-tls")]
mod with_tls {
    use diesel::prelude::*;
    use diesel::sql_types::Bool;

    use super::*;
    use crate::support::parts::{environment, skip_without};

    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Bool)]
        ssl: bool,
    }

    #[tokio::test]
    async fn rows_travel_over_tls() {
        let Some(server) = Server::find() else { return };
        for mode in ["sslmode=require".to_owned(), format!("sslmode=verify-full&sslrootcert={}", server.authority)] {
            let db = open(&format!("{}?{mode}", server.url)).unwrap_or_else(|error| panic!("{mode}: {error}"));
            let query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            let line: Line = db.read(move |conn| Ok(diesel::sql_query(query).get_result(conn)?)).await.expect("a row");
            assert!(line.ssl, "{mode} spoke without TLS");
        }
    }

    #[test]
    fn a_server_for_tls_only_is_not_reached_without_it() {
        let Some(server) = Server::find() else { return };
        refuses(&format!("{}?sslmode=disable", server.url), "no encryption");
    }

    #[test]
    fn a_certificate_of_a_foreign_authority_is_refused() {
        let Some(server) = Server::find() else { return };
        let folder = tempfile::tempdir().expect("a folder");
        let foreign = folder.path().join("foreign.crt");
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        std::fs::write(&foreign, certificate.cert.pem()).expect("a file");
        let url = format!("{}?sslmode=verify-full&sslrootcert={}", server.url, foreign.display());
        refuses(&url, "certificate verify failed");
    }

    #[test]
    fn a_certificate_for_another_name_is_refused() {
        let Some(server) = Server::find() else { return };
        let elsewhere = server.url.replace("@localhost", "@elsewhere.example");
        let options = format!("hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={}", server.authority);
        refuses(&format!("{elsewhere}?{options}"), "does not match host name");
    }

    /// The server that `scripts/with-postgres` started.
    struct Server {
        url: String,
        authority: String,
    }

    impl Server {
        #[track_caller]
        fn find() -> Option<Self> {
            let found = environment("TEST_POSTGRES_TLS_URL").zip(environment("TEST_POSTGRES_CA"));
            if found.is_none() {
                skip_without("a PostgreSQL server with TLS");
            }
            found.map(|(url, authority)| Self { url, authority })
        }
    }

    #[track_caller]
    fn refuses(url: &str, reason: &str) {
        let Err(error) = open(url) else { panic!("it opened") };
        let sentence = error.to_string();
        assert!(sentence.contains(reason), "{sentence}");
    }
}

fn open(url: &str) -> Result<Db, OpenError> {
    Db::open(&DatabaseUrl::parse(url).expect("an address"), 2)
}
