"""The answers drawn: what each picture shows, its plots, and the renderer."""
