"""Language models: catalogue, downloads, a local server, chat models and prompts."""
