"""Bodies that schemathesis does not know by itself: lines of JSON, and files as bytes."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()


for media in (
    "application/octet-stream",
    "application/pdf",
    "application/zip",
    "application/x-ndjson",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/tiff",
):

    @schemathesis.deserializer(media)
    def text(ctx, response):
        return response.content.decode("latin-1")
