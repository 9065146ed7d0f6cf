// Signs in with oauth4webapi, which encodes Basic credentials as a form (RFC 6749 §2.3.1), and prints each answer on
// a line.
//
// usage: node webapi_client.mjs LIBRARY TOKEN_ADDRESS CLIENT SECRET

const [library, address, client, secret] = process.argv.slice(2);
const oauth = await import(library);

const server = { issuer: new URL(address).origin, token_endpoint: address };
const insecure = { [oauth.allowInsecureRequests]: true };

async function signIn(way, parameters) {
    const known = { client_id: client };
    const answer = await oauth.clientCredentialsGrantRequest(server, known, way, parameters, insecure);
    return oauth.processClientCredentialsResponse(server, known, answer);
}

function told(value) {
    console.log(JSON.stringify(value));
}

told(await signIn(oauth.ClientSecretBasic(secret), {}));
told(await signIn(oauth.ClientSecretPost(secret), {}));
told(await signIn(oauth.ClientSecretBasic(secret), { scope: "catalog" }));
told(await signIn(oauth.ClientSecretBasic(secret), { scope: "" }));
try {
    await signIn(oauth.ClientSecretBasic("wrong"), {});
} catch (refused) {
    told({ error: (await refused.response.json()).error });
}
