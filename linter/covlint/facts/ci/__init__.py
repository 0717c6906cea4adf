"""GitHub workflows, GitLab pipelines, release configurations."""
