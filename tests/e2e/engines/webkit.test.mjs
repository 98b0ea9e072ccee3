import { visit } from "./both.mjs";
import { PROGRAMS, webkit } from "./webkit.mjs";

visit("WebKit", PROGRAMS, webkit);
