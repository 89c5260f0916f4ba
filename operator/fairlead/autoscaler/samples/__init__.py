"""Where metrics come from: scrapes of pods, routers' pages or a Prometheus, validated into samples."""
