import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `vite web` (developing the console alone) finds a control plane. */
const CONTROL_PLANE = process.env.EVENKEEL_CONTROL_PLANE ?? "http://127.0.0.1:8787";
/** antd, React and the schemas are one file that changes seldom and is cached for ever, so size alone is no warning. */
const CHUNK_WARNING_KB = 1200;

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2023",
    chunkSizeWarningLimit: CHUNK_WARNING_KB,
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: "libraries", test: /node_modules/ }] },
      },
    },
  },
  server: { proxy: { "/api": { target: CONTROL_PLANE, ws: true, changeOrigin: false } } },
});
