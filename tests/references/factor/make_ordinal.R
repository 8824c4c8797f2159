# Reference numbers for polychoric correlations; see README.md. Usage: Rscript make_ordinal.R FOLDER
suppressMessages({library(psych); library(polycor); library(jsonlite)})
folder <- commandArgs(TRUE)[1]
set.seed(133)

items <- function(n, loadings, cuts) {
  scores <- matrix(rnorm(n * ncol(loadings)), n)
  rest <- sqrt(1 - rowSums(loadings^2))
  answers <- scores %*% t(loadings) + matrix(rnorm(n * nrow(loadings)), n) %*% diag(rest)
  sapply(seq_len(ncol(answers)), function(item) findInterval(answers[, item], cuts[[item]]))
}

pairs_by_polycor <- function(data, ML) {
  p <- ncol(data)
  found <- diag(p)
  for (i in 2:p) for (j in seq_len(i - 1)) {
    r <- polychor(data[, i], data[, j], ML = ML)
    found[i, j] <- found[j, i] <- if (is.list(r)) r$rho else r
  }
  found
}

two <- rbind(c(.7, 0), c(.6, 0), c(.8, .1), c(0, .7), c(0, .5), c(.2, .6))
cases <- list(
  five = items(400, two, rep(list(c(-1, -.3, .4, 1.2)), 6)),
  mixed = items(250, two, list(0, c(-.5, .5), c(-1, 0, 1), c(-1, -.3, .4, 1.2), c(-1.5, -.8, 0, .5, 1, 1.6), 1)),
  two = items(600, two, list(0, .5, -.5, 1, -1, 0)),
  negative = items(300, two * c(1, -1, 1, -1, 1, -1), rep(list(c(-.7, .2, .9)), 6))
)
gaps <- cases$five
gaps[cbind(sample(400, 60, TRUE), sample(6, 60, TRUE))] <- NA
cases$gaps <- gaps

made <- lapply(cases, function(data) {
  by_psych <- suppressWarnings(polychoric(data, correct = 0, global = TRUE, smooth = FALSE, max.cat = 10))
  whole <- data[complete.cases(data), ]
  fit <- suppressWarnings(fa(by_psych$rho, 2, n.obs = nrow(data), fm = "minres", rotate = "none"))
  list(
    answers = data, psych = by_psych$rho, polycor = pairs_by_polycor(whole, FALSE),
    polycor_ml = pairs_by_polycor(whole, TRUE), communalities = as.numeric(fit$communality)
  )
})
write_json(made, file.path(folder, "ordinal.json"), digits = 10, auto_unbox = TRUE, na = "null", matrix = "rowmajor")
