//! Who asks, and for which organization.

use claviger::domain::role::Role;
use serde_json::json;

use crate::support::app::TestApp;

#[actix_web::test]
async fn members_and_the_organization_are_those_of_whoever_asks() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    app.program_of(Role::Annotator).await;
    let other = app.organization("Other Ltd").await;
    let eve = app.add(other, "Eve", "eve@other.example", Role::Owner).await;
    let users = program.get("/api/users/").await.is(200).json();
    let emails: Vec<&str> = users.as_array().expect("a list").iter().filter_map(|u| u["email"].as_str()).collect();
    assert_eq!(emails, ["mara@fennel.example", "sam@fennel.example"]);
    assert_eq!(users[1]["role"], "AN");
    program.get(&format!("/api/users/{eve}")).await.is(404);
    assert_eq!(program.get("/api/users/1/").await.is(200).json()["first_name"], "Mara");
    let organizations = program.get("/api/organizations/").await.is(200).json();
    assert_eq!(organizations[0]["title"], "Fennel Labs");
    assert_eq!(program.get("/api/organizations/1").await.is(200).json()["id"], json!(1));
    program.get(&format!("/api/organizations/{}", other.id())).await.is(404);
    let members = program.get("/api/organizations/1/memberships?page_size=1").await.is(200).json();
    assert_eq!(
        (&members["count"], &members["results"][0]["user"]["email"]),
        (&json!(2), &json!("mara@fennel.example"))
    );
    let next = members["next"].as_str().and_then(|next| next.strip_prefix(&app.origin)).expect("an address");
    assert_eq!(program.get(next).await.is(200).json()["results"][0]["role"], "AN");
    let past_the_last = program.get("/api/organizations/1/memberships?page_size=1&page=3").await.is(200).json();
    assert_eq!((&past_the_last["results"], &past_the_last["next"]), (&json!([]), &json!(null)));
    let found = program.get("/api/organizations/1/memberships?search=SAM").await.is(200).json();
    assert_eq!(found["count"], 1);
    program.get(&format!("/api/organizations/{}/memberships", other.id())).await.is(404);
    let me = program.get("/api/current-user/whoami").await.is(200).json();
    assert_eq!((&me["initials"], &me["active_organization_meta"]["title"]), (&json!("ML"), &json!("Fennel Labs")));
    assert!(me["permissions"].as_array().expect("a list").contains(&json!("model_provider_connection.create")));
    assert_eq!(app.visitor().get_json("/health").await.is(200).json()["status"], "UP");
}
