"""Empty on purpose: Django announces `post_migrate` only to apps that have this module, and roles are granted then."""
