// What each product is to the infrastructure: its health path and what it needs. The seed's products are third-party images; `native` is this repository's own.

/** A product that can stand behind one of the two doors. */
export type ProductName = 'litellm' | 'langfuse' | 'native';

/** What the load balancer and the probes must know. Paths checked on 2026-11-26 against the charts of LiteLLM and Langfuse. */
export interface Product {
  readonly healthPath: string;
  readonly readyPath: string;
}

const PRODUCTS: Readonly<Record<ProductName, Product>> = {
  litellm: { healthPath: '/health/liveliness', readyPath: '/health/readiness' },
  langfuse: { healthPath: '/api/public/health', readyPath: '/api/public/ready' },
  native: { healthPath: '/health/liveliness', readyPath: '/health/readiness' },
};

/** The product's facts. */
export const productOf = (name: ProductName): Product => PRODUCTS[name];
