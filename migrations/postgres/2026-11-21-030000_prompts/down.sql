DROP TABLE prompt_versions;
DROP TABLE prompt_projects;
DROP TABLE prompts;
DROP TABLE projects;
