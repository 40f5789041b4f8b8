"""What should exist: settings read, resources declared. Pulumi only; never click or checks."""
