// Lays a graph out, beside the page.
export {};
