// What the address says as a request of the service.

import { recall } from "./pictures.js";

export const PAGE = 24;

export const asks = (state) =>
  Boolean(ranks(state) || state.where || state.tag.length || state.split);

/** Whether something puts the results in an order; a filter alone does not. */
export const ranks = (state) =>
  Boolean(state.q || state.image || state.like.length || state.good.length || state.without.length);

export function request(state) {
  const body = { text: state.q, top: PAGE, explain: true };
  for (const name of ["like", "without", "good", "bad"])
    if (state[name].length) body[name] = state[name];
  if (state.tag.length) body.tags = state.tag;
  if (state.where) body.where = state.where;
  if (state.split) body.split = state.split;
  if (state.min) body.min_score = state.min;
  if (state.variety) body.diversity = state.variety;
  if (state.apart) body.group = false;
  if (state.asis) body.correct = false;
  return body;
}

/** The body of a search: JSON, or a form where there are pictures. */
export function bodyOf(state, cursor = "") {
  const asked = cursor ? { ...request(state), cursor } : request(state);
  const files = recall(state.image);
  if (!files.length) return asked;
  const form = new FormData();
  form.append("request", JSON.stringify(asked));
  for (const file of files) form.append("image", file, file.name || "pasted");
  return form;
}

/** Equal where the same is asked; what is looked at beside it does not count. */
export const keyOf = (state) => JSON.stringify([request(state), state.image]);
