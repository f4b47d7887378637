import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Painter } from "./Painter";

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <Painter />
  </StrictMode>,
);
