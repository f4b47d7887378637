import { mount } from "svelte";
import Painter from "./Painter.svelte";

mount(Painter, { target: document.getElementById("app")! });
