import { defineConfig } from "vite";

// As `vite build` makes it; for fast refresh while you write add @vitejs/plugin-react.
export default defineConfig({ base: "./", oxc: { jsx: { runtime: "automatic" } } });
