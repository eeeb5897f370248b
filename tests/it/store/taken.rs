//! What each database says about a value that is taken, and that we understand it.

use claviger::store::is_taken;
use diesel::prelude::*;
use diesel::sql_query;

use super::Bench;

#[tokio::test]
async fn every_unique_constraint_is_understood_by_its_columns() {
    let bench = Bench::new().await;
    let id = bench.scope.id();
    let blob = if bench.database.is_postgres() { "'\\x00'" } else { "x'00'" };
    let at = "'2026-11-21 00:00:00'";
    let connection = |single: &str, form: &str| {
        format!(
            "INSERT INTO connections (organization_id, provider, single, form_id, scope, destination, health, \
             health_since, created_at, updated_at) \
             VALUES ({id}, 'openai', {single}, {form}, 'Organization', 'openai', 'working', {at}, {at}, {at})"
        )
    };
    let data_key = |data_key_id: i64| {
        format!(
            "INSERT INTO data_keys (id, owner, master_key_id, wrapped, created_at) \
             VALUES ({data_key_id}, 'installation', 'mk', {blob}, {at})"
        )
    };
    let cases: [(&str, &[&str], [String; 2]); 6] = [
        ("connections", &["organization_id", "single"], [connection("'openai'", "'a'"), connection("'openai'", "'b'")]),
        ("connections", &["organization_id", "form_id"], [connection("NULL", "'c'"), connection("NULL", "'c'")]),
        ("data_keys", &["owner"], [data_key(1), data_key(2)]),
        (
            "users",
            &["email"],
            twice(format!(
                "INSERT INTO users (organization_id, email, name, role, password_hash, created_at) \
             VALUES ({id}, 'a@example.com', 'A', 'owner', '', {at})"
            )),
        ),
        (
            "invitations",
            &["token_hash"],
            twice(format!(
                "INSERT INTO invitations (token_hash, email, role, created_at, expires_at) \
             VALUES ({blob}, '', 'owner', {at}, {at})"
            )),
        ),
        (
            "egress_addresses",
            &["organization_id", "address"],
            twice(format!(
                "INSERT INTO egress_addresses (organization_id, address, label) VALUES ({id}, '203.0.113.1', '')"
            )),
        ),
    ];
    for (table, columns, [first, second]) in cases {
        bench.sql(&first).await.unwrap_or_else(|error| panic!("{first}: {error}"));
        let error = bench.sql(&second).await.expect_err(&second);
        assert!(is_taken(&error, table, columns), "{table} {columns:?}: {error:?}");
        assert!(!is_taken(&error, table, &["name"]), "{table} name: {error:?}");
        assert!(!is_taken(&error, "leases", columns), "leases {columns:?}: {error:?}");
    }
}

#[tokio::test]
async fn other_failures_do_not_look_like_a_taken_value() {
    let bench = Bench::new().await;
    for statement in [
        "INSERT INTO egress_addresses (organization_id, address, label) VALUES (4711, '203.0.113.1', '')",
        "INSERT INTO egress_addresses (organization_id, address, label) VALUES (1, NULL, '')",
        "INSERT INTO no_such_table (organization_id) VALUES (1)",
    ] {
        let error = bench.sql(statement).await.expect_err(statement);
        assert!(!is_taken(&error, "egress_addresses", &["organization_id", "address"]), "{statement}: {error:?}");
    }
}

#[tokio::test]
async fn an_error_inside_a_savepoint_leaves_the_transaction_usable() {
    let bench = Bench::new().await;
    let id = bench.scope.id();
    let insert = format!("INSERT INTO egress_addresses (organization_id, address, label) VALUES ({id}, 'x', '')");
    let again = insert.clone();
    bench.sql(&insert).await.expect("the first");
    let n_after: i64 = bench
        .db
        .write(move |conn| {
            let failed = conn.transaction(|conn| sql_query(again).execute(conn));
            assert!(failed.is_err());
            Ok(super::number(conn, "SELECT count(*) AS n FROM egress_addresses")?)
        })
        .await
        .expect("a usable transaction");
    assert_eq!(n_after, 1);
}

fn twice(statement: String) -> [String; 2] {
    [statement.clone(), statement]
}
