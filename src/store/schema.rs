//! The tables as both databases have them; a test compares them with what the migrations make. Private to the
//! store.

diesel::table! {
    organizations (id) {
        id -> BigInt,
        name -> Text,
        models_version -> BigInt,
        audit_seq -> BigInt,
        audit_mac -> Binary,
        egress_changed_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        embed_id -> Nullable<Text>,
        api_tokens_enabled -> Bool,
        legacy_api_tokens_enabled -> Bool,
        api_token_ttl_days -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        organization_id -> BigInt,
        email -> Text,
        name -> Text,
        role -> Text,
        password_hash -> Text,
        theme -> Text,
        deactivated_at -> Nullable<Timestamp>,
        last_seen_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    sessions (key_hash) {
        key_hash -> Binary,
        user_id -> Nullable<BigInt>,
        state -> Text,
        user_agent -> Text,
        ip -> Text,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        expires_at -> Timestamp,
        embedded_in -> Nullable<Text>,
        alias_of -> Nullable<Binary>,
    }
}

diesel::table! {
    invitations (id) {
        id -> BigInt,
        organization_id -> Nullable<BigInt>,
        token_hash -> Binary,
        email -> Text,
        role -> Text,
        invited_by -> Nullable<BigInt>,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    password_links (user_id) {
        user_id -> BigInt,
        token_hash -> Binary,
        made_by -> BigInt,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    sign_in_failures (email_hash) {
        email_hash -> Binary,
        failures -> BigInt,
        blocked_until -> Nullable<Timestamp>,
        last_failed_at -> Timestamp,
    }
}

diesel::table! {
    data_keys (id) {
        id -> BigInt,
        owner -> Text,
        organization_id -> Nullable<BigInt>,
        master_key_id -> Text,
        wrapped -> Binary,
        created_at -> Timestamp,
    }
}

diesel::table! {
    connections (id) {
        id -> BigInt,
        organization_id -> BigInt,
        provider -> Text,
        single -> Nullable<Text>,
        form_id -> Nullable<Text>,
        scope -> Text,
        deployment_name -> Nullable<Text>,
        endpoint -> Nullable<Text>,
        google_project_id -> Nullable<Text>,
        google_location -> Nullable<Text>,
        chat_url -> Nullable<Text>,
        underlying_model -> Nullable<Text>,
        json_mode -> Nullable<Text>,
        destination -> Text,
        health -> Text,
        health_detail -> Text,
        health_since -> Timestamp,
        checked_at -> Nullable<Timestamp>,
        next_check_at -> Nullable<Timestamp>,
        paused_at -> Nullable<Timestamp>,
        version -> BigInt,
        created_by -> Nullable<BigInt>,
        created_at -> Timestamp,
        updated_by -> Nullable<BigInt>,
        updated_at -> Timestamp,
        key_replaced_by -> Nullable<BigInt>,
        key_replaced_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
        is_internal -> Bool,
        cached_available_models -> Nullable<Text>,
        budget_limit_nano_usd -> Nullable<BigInt>,
        budget_alert_nano_usd -> Nullable<BigInt>,
        budget_reset_period -> Nullable<Text>,
    }
}

diesel::table! {
    connection_secrets (connection_id, field) {
        connection_id -> BigInt,
        field -> Text,
        version -> BigInt,
        data_key_id -> BigInt,
        sealed -> Binary,
        tail -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    connection_models (connection_id, model) {
        connection_id -> BigInt,
        model -> Text,
        offered -> Bool,
        enabled -> Bool,
        context_window -> Nullable<BigInt>,
        retires_on -> Nullable<Date>,
    }
}

diesel::table! {
    checks (id) {
        id -> BigInt,
        connection_id -> BigInt,
        user_id -> Nullable<BigInt>,
        verdict -> Text,
        message -> Text,
        steps -> Text,
        n_models -> BigInt,
        took_ms -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    held_secrets (id) {
        id -> Text,
        organization_id -> BigInt,
        session_hash -> Binary,
        form -> Text,
        field -> Text,
        destination -> Text,
        data_key_id -> BigInt,
        sealed -> Binary,
        tail -> Nullable<Text>,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    egress_addresses (id) {
        id -> BigInt,
        organization_id -> BigInt,
        address -> Text,
        label -> Text,
    }
}

diesel::table! {
    audit_log (organization_id, seq) {
        organization_id -> BigInt,
        seq -> BigInt,
        at -> Timestamp,
        who_kind -> Text,
        who_id -> Nullable<BigInt>,
        who_name -> Text,
        ip -> Text,
        act -> Text,
        target_kind -> Text,
        target_id -> Nullable<BigInt>,
        target_name -> Text,
        details -> Text,
        folded -> Text,
        mac -> Binary,
    }
}

diesel::table! {
    leases (job) {
        job -> Text,
        holder -> Text,
        held_until -> Timestamp,
    }
}

diesel::table! {
    embed_sites (id) {
        id -> BigInt,
        organization_id -> BigInt,
        origin -> Text,
        takes_keys -> Bool,
        created_at -> Timestamp,
    }
}

diesel::table! {
    launch_keys (id) {
        id -> BigInt,
        organization_id -> BigInt,
        kid -> Text,
        algorithm -> Text,
        public_key -> Nullable<Binary>,
        created_by -> Nullable<BigInt>,
        created_at -> Timestamp,
        last_used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    used_nonces (nonce_hash) {
        nonce_hash -> Binary,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> BigInt,
        user_id -> BigInt,
        kind -> Text,
        hash -> Binary,
        hint -> Text,
        name -> Text,
        scopes -> Text,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    projects (id) {
        id -> BigInt,
        organization_id -> BigInt,
        title -> Text,
        description -> Nullable<Text>,
        label_config -> Text,
        suits_prompts -> Bool,
        folded -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    prompts (id) {
        id -> BigInt,
        organization_id -> BigInt,
        title -> Text,
        description -> Nullable<Text>,
        skill_name -> Nullable<Text>,
        input_fields -> Nullable<Text>,
        output_classes -> Nullable<Text>,
        folded -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    prompt_projects (prompt_id, project_id) {
        prompt_id -> BigInt,
        project_id -> BigInt,
    }
}

diesel::table! {
    prompt_versions (id) {
        id -> BigInt,
        prompt_id -> BigInt,
        title -> Text,
        prompt -> Text,
        provider -> Text,
        provider_model_id -> Text,
        model_provider_connection -> Nullable<BigInt>,
        max_few_shot_examples -> Nullable<BigInt>,
        created_by -> Nullable<BigInt>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::joinable!(connection_secrets -> connections (connection_id));
diesel::joinable!(connection_models -> connections (connection_id));
diesel::joinable!(checks -> connections (connection_id));
diesel::joinable!(users -> organizations (organization_id));
diesel::joinable!(invitations -> users (invited_by));
diesel::joinable!(password_links -> users (user_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(api_tokens -> users (user_id));
diesel::joinable!(prompt_projects -> prompts (prompt_id));
diesel::joinable!(prompt_projects -> projects (project_id));
diesel::joinable!(prompt_versions -> prompts (prompt_id));

diesel::allow_tables_to_appear_in_same_query!(
    organizations,
    users,
    sessions,
    invitations,
    password_links,
    sign_in_failures,
    data_keys,
    connections,
    connection_secrets,
    connection_models,
    checks,
    held_secrets,
    egress_addresses,
    audit_log,
    leases,
    embed_sites,
    launch_keys,
    used_nonces,
    api_tokens,
    projects,
    prompts,
    prompt_projects,
    prompt_versions,
);
