// What is written against the types that openapi-typescript generated: it compiles, or a type is missing or another one.
import type { components, paths } from "./api";

type Schemas = components["schemas"];

export const asked: paths["/api/v1/lookups"]["post"]["requestBody"]["content"]["application/json"] = {
    holder: { type: "111", code: "190101198803120021" },
    purpose: { item: "A1", reason: "窗口办理", presence: "typed" },
    receipt: "full",
};

export const changed: Schemas["ActCommand"] = {
    identifier: "1.2.156.3005.2",
    version: 1,
    action: "change",
    face: { patch: { address: null } },
};

export function told(answer: Schemas["LookupAnswer"]): string[] {
    return answer.records.map((record) => `${record.verdict} ${record.reasons.join(" ")}`);
}

export function rule(problem: Schemas["Problem"]): Schemas["Rule"] | undefined {
    return problem.code === "holder_code_invalid" ? problem.rule : undefined;
}

export const marriage: Schemas["FaceOfMarriageCertificate"]["spouses"][number]["sex"] = "1";

// @ts-expect-error: none of the closed list
export const unknown: Schemas["Verdict"] = "perhaps";
