import { type Inspection, suggestionYaml } from "@glovebox/engine";

/** An inspection for a program, with its suggestion also as a document has it. */
export function inspectionRecord(inspection: Inspection): object {
  if (inspection.kind !== "inspected") return inspection;
  return { ...inspection, suggestion: { ...inspection.suggestion, yaml: suggestionYaml(inspection.suggestion) } };
}
