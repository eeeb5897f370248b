-- What is labelled: a project's data and its labels follow from its labeling configuration.
CREATE TABLE projects (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    title TEXT NOT NULL,
    description TEXT,
    -- XML.
    label_config TEXT NOT NULL,
    -- Whether a prompt can label it: the configuration has a control that language models can fill.
    suits_prompts BOOLEAN NOT NULL,
    -- Title and description in lower case, for the search.
    folded TEXT NOT NULL,
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    -- Grows with every change.
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX projects_organization_id_idx ON projects (organization_id, id);
CREATE INDEX projects_suits_prompts_idx ON projects (organization_id, suits_prompts, id);
CREATE INDEX projects_created_by_idx ON projects (created_by);

CREATE TABLE prompts (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    title TEXT NOT NULL,
    description TEXT,
    skill_name TEXT,
    -- JSON lists of texts.
    input_fields TEXT,
    output_classes TEXT,
    -- Title and description in lower case, for the search.
    folded TEXT NOT NULL,
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    -- Grows with every change.
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX prompts_organization_id_idx ON prompts (organization_id, id);
CREATE INDEX prompts_created_by_idx ON prompts (created_by);

-- Which projects a prompt is for.
CREATE TABLE prompt_projects (
    prompt_id BIGINT NOT NULL REFERENCES prompts (id) ON DELETE CASCADE,
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (prompt_id, project_id)
);
CREATE INDEX prompt_projects_project_id_idx ON prompt_projects (project_id);

-- The wordings of a prompt, each with the model that it is written for.
CREATE TABLE prompt_versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    prompt_id BIGINT NOT NULL REFERENCES prompts (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    prompt TEXT NOT NULL,
    -- The provider's slug.
    provider TEXT NOT NULL,
    provider_model_id TEXT NOT NULL,
    -- A version outlives its connection.
    model_provider_connection BIGINT REFERENCES connections (id) ON DELETE SET NULL,
    max_few_shot_examples BIGINT,
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    -- Grows with every change.
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX prompt_versions_prompt_id_idx ON prompt_versions (prompt_id, id);
CREATE INDEX prompt_versions_model_provider_connection_idx ON prompt_versions (model_provider_connection);
CREATE INDEX prompt_versions_created_by_idx ON prompt_versions (created_by);
