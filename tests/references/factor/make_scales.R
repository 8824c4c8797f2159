# Make scales.json: Cronbach's alpha with Feldt's interval, and Tucker's congruence, by psych.
#
#   Rscript tests/references/factor/make_scales.R tests/references/factor
suppressPackageStartupMessages({library(psych); library(jsonlite)})
folder <- commandArgs(TRUE)[1]
known <- function(name) fromJSON(file.path(folder, paste0(name, ".json")))

alphas <- list()
for (one in list(list("thurstone", 1:3), list("thurstone", 4:9), list("harman23", 1:4), list("attitude", 1:7),
                 list("bfi", c(1, 2, 3, 4, 5)), list("bfi", 16:20))) {
  data <- known(one[[1]])
  part <- data$correlation[one[[2]], one[[2]]]
  signs <- sign(suppressWarnings(principal(part, 1)$loadings[, 1]))
  found <- suppressWarnings(psych::alpha(part * outer(signs, signs), n.obs = data$n))
  interval <- alpha.ci(found$total$std.alpha, data$n, n.var = length(one[[2]]), p.val = 0.05, digits = 12)
  alphas[[length(alphas) + 1]] <- list(name = one[[1]], items = one[[2]] - 1, alpha = found$total$std.alpha,
                                       low = interval$lower.ci, high = interval$upper.ci)
}

set.seed(1)
first <- matrix(rnorm(24), 8); second <- matrix(rnorm(16), 8)
congruence <- list(first = first, second = second, values = factor.congruence(first, second, digits = 12))
write_json(list(alphas = alphas, congruence = congruence), file.path(folder, "scales.json"), digits = 15,
           auto_unbox = TRUE)
