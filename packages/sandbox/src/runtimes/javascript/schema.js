// The `schema` variant's own function, bundled into one script while the runtime is built. A user's schema is turned into code and
// into regular expressions by ajv, so all of it happens inside of the guest's own instance, under its limits.
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Problems that are reported of one input; a person reads the first few. */
const PROBLEMS_MAX = 100;

const OPTIONS = {
  allErrors: true,
  // The standard lets a schema have keywords that a validator doesn't know.
  strict: false,
  logger: false,
  // `constructor` is no property of an object that came out of JSON.
  ownProperties: true,
  // What a schema says about itself is checked, by name, below.
  validateSchema: false,
};

const LATEST = "https://json-schema.org/draft/2020-12/schema";
const drafts = new Map([
  [LATEST, warm(addFormats(new Ajv2020(OPTIONS)))],
  ["http://json-schema.org/draft-07/schema", warm(addFormats(new Ajv(OPTIONS)))],
]);

/** Meta-schemas compile slowly: once, while the runtime is built, and not once a guest. */
function warm(ajv) {
  ajv.validateSchema({ type: "object", properties: { a: { type: "string", format: "date-time" } }, required: ["a"] });
  ajv.compile({ type: "object", properties: { a: { type: "string", format: "date-time" } }, required: ["a"] });
  return ajv;
}

class SchemaError extends Error {
  name = "SchemaError";
}

/** `{ problems: [{ path, message }] }` as JSON. Throws a SchemaError if the schema itself is invalid. */
export function own(schema, input) {
  const ajv = draftOf(schema);
  // ajv's own keyword, with which a validator returns a promise.
  if (schema.$async !== undefined) throw new SchemaError('the schema is invalid: "$async" is no keyword of JSON Schema');
  let validate;
  try {
    if (!ajv.validateSchema(schema))
      throw new SchemaError(`the schema is invalid: ${problemsOf(ajv.errors).map(oneLine).slice(0, 5).join("; ")}`);
    validate = ajv.compile(schema);
  } catch (error) {
    if (error instanceof SchemaError || error instanceof RangeError || error instanceof InternalError) throw error;
    throw new SchemaError(`the schema is invalid: ${error.message}`);
  }
  return JSON.stringify({ problems: validate(input) ? [] : problemsOf(validate.errors).slice(0, PROBLEMS_MAX) });
}

function draftOf(schema) {
  if (typeof schema !== "boolean" && (typeof schema !== "object" || schema === null || Array.isArray(schema))) {
    throw new SchemaError("the schema is invalid: it is neither an object nor a boolean");
  }
  const named = typeof schema === "object" && Object.hasOwn(schema, "$schema") ? schema.$schema : LATEST;
  const ajv = typeof named === "string" ? drafts.get(named.replace(/#$/, "")) : undefined;
  if (ajv) return ajv;
  throw new SchemaError(`the schema is invalid: "$schema" is ${JSON.stringify(named)}; known are ${[...drafts.keys()].join(" and ")}`);
}

function problemsOf(errors) {
  return errors.map(({ instancePath, message, keyword, params }) => ({ path: instancePath, message: messageOf(message, keyword, params) }));
}

/** ajv's message, with the name or the values that it leaves out. */
function messageOf(message, keyword, params) {
  switch (keyword) {
    case "additionalProperties":
      return `${message}: ${JSON.stringify(params.additionalProperty)}`;
    case "unevaluatedProperties":
      return `${message}: ${JSON.stringify(params.unevaluatedProperty)}`;
    case "propertyNames":
      return `${message}: ${JSON.stringify(params.propertyName)}`;
    case "enum":
      return `${message}: ${JSON.stringify(params.allowedValues).slice(0, 500)}`;
    case "const":
      return `${message}: ${JSON.stringify(params.allowedValue).slice(0, 500)}`;
    default:
      return message;
  }
}

function oneLine({ path, message }) {
  return `${path === "" ? "/" : path} ${message}`;
}
