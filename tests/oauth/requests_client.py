"""Signs in with requests-oauthlib in each way that the library knows, and prints each answer on a line.

usage: requests_client.py TOKEN_ADDRESS CLIENT SECRET
"""

import json
import os
import sys

from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

# The library refuses plain HTTP; the tests' server is on loopback.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

address, client, secret = sys.argv[1:]


def sign_in(**ways):
    session = OAuth2Session(client=BackendApplicationClient(client_id=client))
    return session.fetch_token(token_url=address, **ways)


def told(token):
    print(json.dumps(token, sort_keys=True))


told(sign_in(auth=HTTPBasicAuth(client, secret)))
told(sign_in(auth=HTTPBasicAuth(client, secret), include_client_id=True))
told(sign_in(client_secret=secret, include_client_id=True))
told(sign_in(auth=HTTPBasicAuth(client, secret), scope=["catalog"]))
told(sign_in(auth=HTTPBasicAuth(client, secret), body="resource="))
try:
    sign_in(auth=HTTPBasicAuth(client, "wrong"))
except InvalidClientError as refused:
    told({"error": refused.error})
