// What Desk takes of the page /jobs: `translate_with` first.

export { LogView } from "./log_view.js";
export { ParameterForm } from "./parameter_form.js";
export { translate_with } from "./wording.js";
